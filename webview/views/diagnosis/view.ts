import type { RegisteredView } from '../view.js';
import { DiagnosisView } from './diagnosis.js';
import { diagnosisStrings } from './strings.js';

export const diagnosisView: RegisteredView = {
  id: 'diagnosis',
  title: diagnosisStrings.title,
  place: 'left',
  offered: ({ parameters }) => parameters.some(({ name }) => name === 'explain'),
  open: ({ panel, reportError }) => new DiagnosisView(panel, reportError),
};

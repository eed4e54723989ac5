import { findingStrings } from './strings.js';
import type { RegisteredView } from '../view.js';
import { FindingsView } from './findings.js';

export const findingsView: RegisteredView = {
  id: 'findings',
  title: findingStrings.title,
  place: 'left',
  // Of what somebody brought: what a model computed is as its formula says.
  offered: ({ axes }) => axes !== undefined,
  open: ({ panel }) => new FindingsView(panel),
};

import type { RegisteredView } from '../view.js';
import { AnswersView } from './answers.js';
import { answerStrings } from './strings.js';

export const answersView: RegisteredView = {
  id: 'answers',
  title: answerStrings.title,
  place: 'left',
  offered: ({ answers }) => answers !== undefined,
  open: ({ panel }) => new AnswersView(panel),
};

import type { RegisteredView } from '../view.js';
import { ClassesView } from './classes.js';
import { classesStrings } from './strings.js';

export const classesView: RegisteredView = {
  id: 'classes',
  title: classesStrings.title,
  place: 'left',
  offered: ({ classes }) => classes !== undefined,
  open: ({ panel }) => new ClassesView(panel),
};

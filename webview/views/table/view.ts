import type { RegisteredView } from '../view.js';
import { TableView } from './table.js';

export const tableView: RegisteredView = {
  id: 'table',
  title: 'Table',
  place: 'centre',
  open: ({ panel, matrices }) => new TableView(panel, matrices, () => panel.store.get().centre === 'table'),
};

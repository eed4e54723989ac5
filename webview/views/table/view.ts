import type { RegisteredView } from '../view.js';
import { TableView } from './table.js';

export const tableView: RegisteredView = {
  id: 'table',
  title: 'Table',
  place: 'centre',
  open: ({ panel, matrices, theme }) =>
    new TableView(panel, matrices, theme, () => panel.store.get().centre === 'table'),
};

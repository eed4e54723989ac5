import { fileTypes } from '../file-types.js';
import { openDelimited } from './text/delimited.js';
import type { Format } from './format.js';

export const csv: Format = {
  id: 'csv',
  title: 'Comma-separated values',
  extensions: fileTypes.csv,
  open: (_platform, source, signal) => openDelimited(source, ',', signal),
};

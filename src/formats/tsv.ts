import { fileTypes } from '../file-types.js';
import { openDelimited } from './text/delimited.js';
import type { Format } from './format.js';

export const tsv: Format = {
  id: 'tsv',
  title: 'Tab-separated values',
  extensions: fileTypes.tsv,
  open: (_platform, source, signal) => openDelimited(source, '\t', signal),
};

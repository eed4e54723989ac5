import { placeNumber } from '../../../src/common/counting.js';
import { percent } from '../../../src/drawing/format.js';

/** Said of attention over an image. */
export const imageStrings = {
  title: 'Image',
  direction: 'Direction',
  row: 'Row: what it attends to',
  column: 'Column: what attends to it',
  heads: 'Heads',
  one: 'This head',
  controls: 'How attention is drawn',
  mean: 'Mean over heads',
  max: 'Maximum over heads',
  rollout: 'Rollout',
  from: 'From layer',
  residual: 'Residual',
  residualHint: 'The share of each layer’s residual connection; half in Abnar & Zuidema (2020).',
  across: 'Heads of a layer',
  acrossMean: 'Mean of heads',
  acrossMax: 'Maximum of heads',
  rolledOut: (from: number, to: number) =>
    `Rollout: attention of layers ${placeNumber(from)} to ${placeNumber(to)} multiplied. It was made for encoders.`,
  display: 'Display',
  drawing: 'Drawing',
  cells: 'Patches',
  smooth: 'Smooth',
  opacity: 'Opacity',
  keep: 'Keep',
  keepHint: 'Draw only the fewest patches that hold this share of the patches’ attention.',
  contours: 'Contours',
  contoursHint: 'Lines around the fewest patches that hold 30, 60 and 90 % of the patches’ attention.',
  grid: 'Patch grid',
  leaveOut: 'Leave out special tokens',
  leaveOutHint: 'Divide the other weights of each row by their sum, as if these tokens were not there.',
  side: 'All heads',
  sideHint: 'Show this row or column in every head of the layer, side by side.',
  table: 'Table',
  tableHint: 'List the patches with the largest values.',
  kept: (count: number, of: number, held: number) =>
    `${count} of ${of} patches drawn: they hold ${percent(held)} of the patches’ attention; ${percent(1 - held)} is left out.`,
  others: (share: number) => `Tokens that are not patches hold ${percent(share)} of this row.`,
  renormalised: (names: string, share: number) =>
    `Renormalised without ${names}, which held ${percent(share)} of this row: the others sum to 1.`,
  fused: (heads: 'mean' | 'max' | 'rollout', quantity: string) =>
    heads === 'rollout' ? heads : `${heads === 'mean' ? 'mean' : 'largest'} ${quantity}`,
  padded: 'It was padded beyond the image.',
  cropped: 'The model saw the part inside the dashed line.',
  loading: 'Loading the image…',
  nothing: 'Point at a patch to read it. Click: show its attention. Shift+click: pick its cell.',
  nothingOfWords: 'Point at a patch to read it; press Enter or click to pick it.',
  keys: 'Arrow keys move, Enter shows the attention of a patch, Shift+Enter picks its cell, Escape clears, plus and minus zoom.',
  keysOfWords: 'Arrow keys move, Enter picks, Escape clears, plus and minus zoom.',
  description: (said: {
    readonly quantity: string;
    readonly heads: string;
    readonly token: string;
    readonly image: string;
    readonly patches: string;
    readonly keys: string;
  }) =>
    `${said.quantity} of ${said.token} over ${said.image}, ${said.patches} patches. ${said.heads}. ${said.keys}`,
  headName: (head: number) => `Head ${placeNumber(head)}`,
  fusedShort: { mean: 'mean', max: 'maximum' },
  chips: 'Tokens that are not patches',
  more: (count: number, share: string) => `and ${count} more: ${share}`,
  words: 'Words',
  word: 'Word',
  headsTitle: (layer: number) => `Heads of layer ${placeNumber(layer)}`,
  headsHint: 'Each picture has a colour scale of its own.',
  fit: 'Fit the whole image (0)',
  listed: (shown: number, of: number) =>
    shown < of
      ? `The ${shown} patches with the largest values, of ${of}`
      : `All ${of} patches, the largest values first`,
  patch: 'Patch',
  line: 'Row',
  place: 'Column',
  value: 'Value',
} as const;

import { headPlace, placeNumber } from '../../../src/common/counting.js';
import { percent } from '../../../src/drawing/format.js';

/** Said of attention as lines between tokens. */
export const linesStrings = {
  title: 'Lines',
  controls: 'What lines are drawn',
  heads: 'Heads',
  one: 'This head',
  picked: 'Several heads',
  layerMean: 'Mean of the layer’s heads',
  layerMax: 'Maximum of the layer’s heads',
  allMean: 'Mean of all heads',
  allMax: 'Maximum of all heads',
  arrangement: 'Arrangement',
  columns: 'Two columns',
  arcs: 'Text once, with arcs',
  sentences: 'Sentences',
  everything: 'All tokens',
  fromTo: (from: string, to: string) => `${from} → ${to}`,
  threshold: 'At least',
  thresholdHint: 'Smaller weights are not drawn.',
  queries: 'Queries',
  keys: 'Keys',
  tokens: 'Tokens: arcs on the right go up to earlier keys, on the left down to later ones',
  legend: 'Lines that are drawn',
  add: (layer: number, head: number) => `+ ${headPlace(layer, head)}`,
  addHint: 'Draw the lines of this head in a colour of its own, beside the others.',
  full: (most: number) => `Up to ${most} heads are drawn at once: take one out first.`,
  remove: (name: string) => `Take ${name} out`,
  head: (layer: number, head: number) => headPlace(layer, head),
  meanOfLayer: (layer: number) => `Mean of the heads of layer ${placeNumber(layer)}`,
  maxOfLayer: (layer: number) => `Maximum of the heads of layer ${placeNumber(layer)}`,
  notDrawn: (share: number) => `${percent(share)} not drawn`,
  notDrawnHint: 'The share of the weight of the queries in view that no line stands for.',
  notDrawnTo: 'The share of what the queries give to this key that no line stands for.',
  cut: (drawn: number, of: number) => `the strongest ${drawn} of ${of}`,
  nothing:
    'Point at a token to see its lines alone. Click: lock it; with a query locked, a key picks their cell.',
  strongest: (token: string, list: string) => `${token}: ${list}`,
  none: (token: string, least: string) => `${token}: no weight of ${least} or more`,
  keyboard:
    'Arrow keys move, left and right change the column, Enter locks a token or picks the cell, Escape unlocks.',
} as const;

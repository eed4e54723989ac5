import type { Shape } from '../../engine/tensor.js';

/** What an axis of a given tensor counts. A row is a query of Q and a key of K and V; a batch is picked one entry of. */
export type Part = 'layer' | 'batch' | 'head' | 'query' | 'key' | 'row' | 'feature';

/** What each axis of a tensor is taken for, outermost first. */
export type Reading = readonly Part[];

/** Tensors whose axes are alike, so that one reading is that of all. */
export interface Group {
  /** The control's name. */
  readonly parameter: 'matrixAxes' | 'vectorAxes' | 'inputAxes';
  readonly roles: readonly string[];
  /** By number of axes, the documented order first. */
  readonly readings: readonly (readonly Reading[])[];
  /** In this order a mechanism takes them, a leading layer apart. */
  readonly order: readonly Part[];
}

const read = (...lists: readonly string[]): readonly Reading[] =>
  lists.map((list) => list.split(' ').filter((part): part is Part => parts.has(part)));

const parts: ReadonlySet<string> = new Set<Part>([
  'layer',
  'batch',
  'head',
  'query',
  'key',
  'row',
  'feature',
]);

export const groups: readonly Group[] = [
  {
    parameter: 'matrixAxes',
    roles: ['scores', 'weights'],
    order: ['head', 'query', 'key'],
    readings: [
      [],
      read('key'),
      read('query key'),
      read('head query key', 'batch query key', 'layer query key', 'query key head'),
      read(
        'layer head query key',
        'batch head query key',
        'layer batch query key',
        'batch layer query key',
        'batch query key head',
        'layer query key head',
      ),
      read(
        'layer batch head query key',
        'batch layer head query key',
        'layer batch query key head',
        'batch batch head query key',
      ),
    ],
  },
  {
    parameter: 'vectorAxes',
    roles: ['Q', 'K', 'V', 'past_K', 'past_V'],
    order: ['head', 'row', 'feature'],
    readings: [
      [],
      [],
      read('row feature'),
      read(
        'head row feature',
        'batch row feature',
        'layer row feature',
        'row head feature',
        'row batch feature',
      ),
      read(
        'layer head row feature',
        'batch head row feature',
        'layer batch row feature',
        'batch row head feature',
        'layer row head feature',
        'layer row batch feature',
        'row batch head feature',
      ),
      read(
        'layer batch head row feature',
        'batch layer head row feature',
        'layer batch row head feature',
        'batch layer row head feature',
        'layer row batch head feature',
      ),
    ],
  },
  {
    parameter: 'inputAxes',
    roles: ['X', 'Xq', 'Xkv', 'S', 'H'],
    order: ['row', 'feature'],
    readings: [
      [],
      [],
      read('row feature'),
      read('layer row feature', 'batch row feature', 'row batch feature'),
      read('layer batch row feature', 'batch layer row feature', 'layer row batch feature'),
      read('layer batch batch row feature'),
    ],
  },
];

/** The readings of a tensor of so many axes; more axes than any has are entries in front. */
export function readingsOf({ readings }: Group, axes: number): readonly Reading[] {
  const own = readings[axes];
  if (own !== undefined) return own;
  const most = readings.length - 1;
  const front = new Array<Part>(Math.max(0, axes - most)).fill('batch');
  return (readings.at(-1) ?? []).map((reading) => [...front, ...reading]);
}

/** Of which side a role's rows are. */
export function rowOf(role: string): 'query' | 'key' {
  return role === 'Q' || role === 'Xq' || role === 'S' || role === 'X' ? 'query' : 'key';
}

/** As a value of the control. */
export function valueOf(reading: Reading): string {
  return reading.join(' ');
}

/** "batch 2 × head 12 × query 15 × key 15" */
export function titleOf(reading: Reading, shape: Shape, row?: 'query' | 'key'): string {
  return reading
    .map((part, axis) => `${part === 'row' ? (row ?? 'position') : part} ${shape[axis] ?? ''}`.trim())
    .join(' × ');
}

/** Which of the axes that are longer than 1 hold rows and columns. */
export function rowOrder(reading: Reading, shape: Shape): string {
  const kind = (part: Part): string => {
    if (part === 'row' || part === 'query') return 'row';
    return part === 'key' || part === 'feature' ? 'column' : 'other';
  };
  return reading
    .filter((_, axis) => shape[axis] !== 1)
    .map(kind)
    .join(' ');
}

/** The extents of a part's axes; several only of a batch. */
export function extentsOf(reading: Reading, shape: Shape, part: Part): number[] {
  return reading.flatMap((each, axis) => (each === part ? [shape[axis] ?? 0] : []));
}

/**
 * The reading of a tensor that has one or two axes fewer than those beside it: the same without the heads, which then share it,
 * or without what is picked.
 */
export function shortened(reading: Reading, axes: number): Reading | undefined {
  if (axes === reading.length) return reading;
  for (const part of ['head', 'batch', 'layer'] as const) {
    const at = reading.indexOf(part);
    if (at < 0) continue;
    const less = reading.filter((_, axis) => axis !== at);
    if (less.length === axes) return less;
    if (less.length > axes) {
      const further = shortened(less, axes);
      if (further !== undefined) return further;
    }
  }
  return undefined;
}

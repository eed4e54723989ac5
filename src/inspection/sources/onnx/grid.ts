import type { FeatureMap, OnnxModel } from '../../../models/index.js';
import type { Tensor } from '../../../engine/tensor.js';

/** How tokens lie over the image that an export was given. */
export interface TokenGrid {
  readonly rows: number;
  readonly columns: number;
  /** The label of the first patch. */
  readonly first: number;
  /** How many other tokens there are. */
  readonly others: number;
  /** Of a cell, in the model's pixels. */
  readonly cell: { readonly width: number; readonly height: number };
  /** Whether cells are patches that the model cuts out; else regions that a convolutional network sums up. */
  readonly kind: 'patch' | 'region';
}

/** More are no class and register tokens. */
const mostOthers = 64;

/**
 * The grid in which so many tokens lie, told from the feature maps of a run; undefined where none fits, or several do.
 * @param size of the image as the model is given it
 */
export function gridOf(
  count: number,
  { maps }: Pick<OnnxModel, 'maps'>,
  values: ReadonlyMap<string, Tensor<Float32Array>>,
  size: { readonly width: number; readonly height: number },
): TokenGrid | undefined {
  const found = maps.flatMap((map) => {
    const shape = values.get(map.value)?.shape ?? [];
    const [batch, , rows = 0, columns = 0] = shape;
    if (shape.length !== 4 || batch !== 1 || rows * columns < 1) return [];
    const others = count - rows * columns;
    if (others < 0 || others > mostOthers || (others > 0 && map.others === undefined)) return [];
    return [{ map, rows, columns, others }];
  });
  const exact = found.filter(({ others }) => others === 0);
  const fitting = exact.length > 0 ? exact : found;
  const [one] = fitting;
  const isOne = fitting.every(({ rows, columns }) => rows === one?.rows && columns === one.columns);
  if (one === undefined || !isOne) return undefined;
  const { map, rows, columns, others } = fitting.find((each) => each.map.patch !== undefined) ?? one;
  return {
    rows,
    columns,
    first: map.others === 'before' ? others : 0,
    others,
    cell: map.patch ?? { width: size.width / columns, height: size.height / rows },
    kind: kindOf(map),
  };
}

function kindOf({ patch }: FeatureMap): TokenGrid['kind'] {
  return patch === undefined ? 'region' : 'patch';
}

import { formatShape, sizeOf, type Tensor } from '../../engine/tensor.js';
import type { MaskStep } from './attention.js';
import { OtherForm } from './other-form.js';

type Numbers = Tensor<Float32Array>;

/** What is added to scores, or taken away from a query. */
export interface Masking {
  readonly kind: 'none' | 'causal' | 'keep';
  /** 1 where a key is kept. // (query, key) or (head, query, key) */
  readonly keep?: Numbers;
  /** // (query, key) or (head, query, key) */
  readonly bias?: Numbers;
}

/** Scores below this are as good as −∞: their share is 0 in float32. */
const masked = -1e4;

/** Everything that masks and adds, as one mask and one bias. */
export function readMasking(
  steps: readonly MaskStep[],
  [n, m]: readonly [number, number],
  at: (name: string) => Numbers,
): Masking {
  let keep: Float32Array | undefined;
  let keptHeads = 1;
  let bias: Numbers | undefined;
  /** Takes keys away: for all heads alike, or for each of `heads`. */
  const dropWhere = (isDropped: (head: number, query: number, key: number) => boolean, heads = 1): void => {
    if (keep !== undefined && heads > keptHeads) keep = repeated(keep, heads);
    keptHeads = Math.max(keptHeads, heads);
    for (let head = 0, at = 0; head < keptHeads; head++) {
      for (let query = 0; query < n; query++) {
        for (let key = 0; key < m; key++, at++) {
          if (!isDropped(heads === 1 ? 0 : head, query, key)) continue;
          keep ??= new Float32Array(keptHeads * n * m).fill(1);
          keep[at] = 0;
        }
      }
    }
  };
  for (const each of steps) {
    switch (each.kind) {
      case 'add':
      case 'subtract': {
        const sign = each.kind === 'add' ? 1 : -1;
        const read = spread(at(each.by), n, m, each.by);
        dropWhere((head, query, key) => sign * read.cell(head, query, key) <= masked, read.heads);
        bias = withBias(bias, read, sign, n, m);
        break;
      }
      case 'mask': {
        const numbers = at(each.by);
        const read = spread(numbers, n, m, each.by);
        // Conditions are ones and zeros here; what is added has none, but for a bias, which has other numbers too.
        const isCondition =
          numbers.data.includes(1) && numbers.data.every((value) => value === 0 || value === 1);
        if (isCondition) dropWhere((head, query, key) => read.cell(head, query, key) === 0, read.heads);
        else {
          dropWhere((head, query, key) => read.cell(head, query, key) <= masked, read.heads);
          bias = withBias(bias, read, 1, n, m);
        }
        break;
      }
      case 'choose': {
        if (at(each.other).data.some((value) => value > masked)) {
          throw new OtherForm(`its scores are replaced by ${each.other} in places`);
        }
        const read = spread(at(each.condition), n, m, each.condition);
        dropWhere((head, query, key) => (read.cell(head, query, key) !== 0) !== each.kept, read.heads);
        break;
      }
      case 'causal':
        dropWhere((_, query, key) => key > query + m - n || query + m - n - key >= (each.window ?? Infinity));
        break;
      case 'reach': {
        const offset = each.until === '' ? 0 : (at(each.until).data[0] ?? 0) - n;
        dropWhere((_, query, key) => {
          const ahead = key - (query + offset);
          return (each.right >= 0 && ahead > each.right) || (each.left >= 0 && -ahead > each.left);
        });
        break;
      }
      case 'real-keys': {
        const { shape, data } = at(each.keys);
        if (shape.length > 2 || (shape.length === 1 && data.length !== 1)) {
          throw new OtherForm(`its mask ${each.keys} has the shape ${formatShape(shape)}`);
        }
        dropWhere((_, __, key) => (shape.length === 1 ? key >= (data[0] ?? 0) : data[key] === 0));
        break;
      }
    }
  }
  const ofBias = bias === undefined ? {} : { bias };
  if (keep === undefined) return { kind: 'none', ...ofBias };
  const area = n * m;
  if (keep.every((value, at) => value === keep?.[at % area])) {
    keep = keep.subarray(0, area);
    keptHeads = 1;
  }
  if (keptHeads === 1 && isCausal(keep, n, m)) return { kind: 'causal', ...ofBias };
  return {
    kind: 'keep',
    keep: { shape: keptHeads === 1 ? [n, m] : [keptHeads, n, m], data: keep },
    ...ofBias,
  };
}

/** The same for each of several heads. */
function repeated(keep: Float32Array, heads: number): Float32Array {
  const all = new Float32Array(heads * keep.length);
  for (let head = 0; head < heads; head++) all.set(keep, head * keep.length);
  return all;
}

/** Cells of what has fewer axes, or axes of 1, than (head, query, key). */
function spread(
  { shape, data }: Numbers,
  n: number,
  m: number,
  name: string,
): { readonly heads: number; cell(head: number, query: number, key: number): number } {
  const own = [1, 1, 1, ...shape].slice(-3);
  const [heads = 1, rows = 1, columns = 1] = own;
  const fits = (rows === 1 || rows === n) && (columns === 1 || columns === m);
  if (!fits || sizeOf(own) !== data.length) {
    throw new OtherForm(`${name} of shape ${formatShape(shape)} does not fit scores of ${n} × ${m}`);
  }
  return {
    heads,
    cell: (head, query, key) => {
      const row = (heads === 1 ? 0 : head) * rows + (rows === 1 ? 0 : query);
      return data[row * columns + (columns === 1 ? 0 : key)] ?? 0;
    },
  };
}

/** With what a layer adds; undefined as long as that is nothing but a mask. */
function withBias(
  bias: Numbers | undefined,
  added: ReturnType<typeof spread>,
  sign: number,
  n: number,
  m: number,
): Numbers | undefined {
  const before = bias?.shape.length === 3 ? (bias.shape[0] ?? 1) : 1;
  const heads = Math.max(before, added.heads);
  const data = new Float32Array(heads * n * m);
  let isAny = bias !== undefined;
  for (let head = 0, at = 0; head < heads; head++) {
    for (let query = 0; query < n; query++) {
      for (let key = 0; key < m; key++, at++) {
        const value = sign * added.cell(head, query, key);
        const own = bias?.data[(before === 1 ? 0 : head) * n * m + query * m + key] ?? 0;
        data[at] = own + (value <= masked ? 0 : value);
        isAny ||= value > masked && value !== 0;
      }
    }
  }
  if (!isAny) return undefined;
  return { shape: heads === 1 ? [n, m] : [heads, n, m], data };
}

function isCausal(keep: Float32Array, n: number, m: number): boolean {
  return n === m && keep.every((value, at) => (value === 1) === at % m <= Math.floor(at / m));
}

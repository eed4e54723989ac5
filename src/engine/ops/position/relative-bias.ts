import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, wholeOf, type Region, type Shape } from '../../tensor.js';
import { sumOfTerms } from '../terms.js';

/** How distances are put into buckets (Raffel et al. 2020, §2.1, and its code). */
export interface BucketRule {
  /** All buckets, of both directions. */
  readonly buckets: number;
  /** Distances from here on share the last bucket. */
  readonly maximum: number;
  /** Whether keys after the query have buckets of their own; else they count as distance 0. */
  readonly bidirectional: boolean;
}

/**
 * T5's relative bias: one number for each head and each bucket of the distance j − i, near distances having a bucket each
 * and far ones sharing theirs logarithmically.
 * @param table (bucket, head)
 * @param heads the heads' numbers (head)
 * @param queries positions (query)
 * @param keys positions (key)
 * @returns (head, query, key)
 */
export function relativeBias(
  table: Value,
  heads: Value,
  queries: Value,
  keys: Value,
  rule: BucketRule,
): Value {
  return apply(operationFor(rule), [table, heads, queries, keys]);
}

/** How many buckets each direction has; of an odd number one is left over, as in the models' own code. */
function ownBuckets({ buckets, bidirectional }: BucketRule): number {
  return bidirectional ? Math.floor(buckets / 2) : buckets;
}

/** How many distances have a bucket to themselves. */
export function exactBuckets(rule: BucketRule): number {
  return Math.floor(ownBuckets(rule) / 2);
}

/**
 * The distance at which each bucket but the first begins. Worked out in float32, as the models were trained with: for a
 * power of two, the last bit decides.
 */
export function bucketStarts(rule: BucketRule): number[] {
  const { maximum } = rule;
  const [own, exact] = [ownBuckets(rule), exactBuckets(rule)];
  const bucketOf = (distance: number): number => {
    if (distance < exact) return distance;
    const ratio = Math.fround(
      Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maximum / exact)),
    );
    return Math.min(own - 1, exact + Math.trunc(Math.fround(ratio * (own - exact))));
  };
  const starts: number[] = [];
  for (let distance = 1; distance <= maximum && starts.length < own - 1; distance++) {
    while (starts.length < bucketOf(distance)) starts.push(distance);
  }
  return starts;
}

function bucketOf(starts: readonly number[], rule: BucketRule, offset: number): number {
  const { bidirectional } = rule;
  const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
  const found = starts.findIndex((start) => distance < start);
  const bucket = found < 0 ? starts.length : found;
  return bidirectional && offset > 0 ? bucket + ownBuckets(rule) : bucket;
}

const numpyDefinition = `def relative_buckets(offset, starts, later):
    """The bucket of each distance; keys after the query have theirs from \`later\` on, or count as distance 0."""
    distance = np.abs(offset) if later else np.maximum(0, -offset)
    return np.searchsorted(starts, distance, side="right") + later * (offset > 0)`;

const pytorchDefinition = `def relative_buckets(offset, starts, later):
    """The bucket of each distance; keys after the query have theirs from \`later\` on, or count as distance 0."""
    distance = offset.abs() if later else (-offset).clamp(min=0)
    return torch.searchsorted(torch.tensor(starts), distance, right=True) + later * (offset > 0)`;

function operationFor(rule: BucketRule): Operation {
  const starts = bucketStarts(rule);
  const bucket = (query: number, key: number): number => bucketOf(starts, rule, key - query);

  return {
    name: 'relative-bias',

    shape([table = [], heads = [], queries = [], keys = []]) {
      if (table.length !== 2 || table[0] !== rule.buckets) {
        throw new ShapeError(
          `The relative bias has a row for each of ${rule.buckets} buckets and a column for each head, (${rule.buckets}, heads), but its shape is ${formatShape(table)}.`,
        );
      }
      return [heads[0] ?? 0, queries[0] ?? 0, keys[0] ?? 0];
    },

    // Which rows and columns are meant is known only once the positions are.
    reads: (region, [table = []]): Region[] => [
      table.map((extent) => ({ start: 0, end: extent })),
      ...region.map((range) => [range]),
    ],

    evaluate([table, heads, queries, keys], [, n = 0, m = 0]) {
      const columns = table?.shape[1] ?? 1;
      const out = new Float64Array((heads?.data.length ?? 0) * n * m);
      for (let at = 0; at < out.length; at++) {
        const head = heads?.data[Math.floor(at / (n * m))] ?? 0;
        const row = bucket(queries?.data[Math.floor(at / m) % n] ?? 0, keys?.data[at % m] ?? 0);
        out[at] = table?.data[row * columns + head] ?? 0;
      }
      return out;
    },

    onnx(emitter, [table = '', heads = '', queries = '', keys = '']) {
      const own = emitter.node('Gather', [emitter.node('Transpose', [table], { perm: [1, 0] }), heads], {
        axis: 0,
      }); // (head, bucket)
      return emitter.node('Gather', [own, bucketsOnnx(emitter, queries, keys, starts, rule)], { axis: 1 });
    },

    print(language, inputs) {
      const [table = atom(''), heads = atom(''), queries = atom(''), keys = atom('')] = inputs;
      if (language === 'tex') {
        return compose(`{${table.text}}_{b(j - i),\\, h}`, binding.atom, inputs);
      }
      const offset = `${keys.text}[None, :] - ${queries.text}[:, None]`;
      const later = rule.bidirectional ? ownBuckets(rule) : 0;
      const columns = `${inside(table, binding.atom, language)}.T[${heads.text}]`;
      return compose(
        `${columns}[:, relative_buckets(${offset}, [${starts.join(', ')}], ${later})]`,
        binding.atom,
        inputs,
        [language === 'numpy' ? numpyDefinition : pytorchDefinition],
      );
    },

    async derive(cell) {
      const [h = 0, i = 0, j = 0] = await Promise.all(
        cell.index.map((at, axis) => cell.scalar(axis + 1, [at]).then(({ value }) => value)),
      );
      const row = bucket(i, j);
      const inner = await cell.scalar(0, [row, h]);
      return { ...inner, remark: `Key ${j} is at distance ${j - i} from query ${i}: bucket ${row}.` };
    },

    vjp: (upstream, [table, heads, queries, keys]) =>
      table === undefined || heads === undefined || queries === undefined || keys === undefined
        ? []
        : [
            apply(gradientFor(rule, table.shape), [upstream, heads, queries, keys]),
            undefined,
            undefined,
            undefined,
          ],
  };
}

/** The bucket of each query and key // (query, key) */
function bucketsOnnx(
  emitter: OnnxEmitter,
  queries: string,
  keys: string,
  starts: readonly number[],
  rule: BucketRule,
): string {
  const integer = (value: number): string => emitter.integers([value], []);
  const most = starts.at(-1) ?? 0;
  const table = Array.from({ length: 2 * most + 1 }, (_, at) => bucketOf(starts, rule, at - most));
  const rows = emitter.node('Unsqueeze', [queries, emitter.integers([1], [1])]);
  const offset = emitter.node('Sub', [keys, rows]);
  const within = emitter.node('Min', [emitter.node('Max', [offset, integer(-most)]), integer(most)]);
  const place = emitter.node('Add', [within, integer(most)]);
  return emitter.node('Gather', [emitter.integers(table, [table.length]), place], { axis: 0 });
}

/** The gradient of the table: for each bucket and head, the sum of what its cells have. */
function gradientFor(rule: BucketRule, table: Shape): Operation {
  const starts = bucketStarts(rule);
  const [, columns = 0] = table;
  return {
    name: 'relative-bias-gradient',
    shape: () => table,
    computes: (_, shape) => shape.map((extent) => ({ start: 0, end: extent })),
    reads: (_, inputs) => inputs.map((shape) => shape.map((extent) => ({ start: 0, end: extent }))),

    evaluate([upstream, heads, queries, keys]) {
      const [, n = 0, m = 0] = upstream?.shape ?? [];
      const out = new Float64Array(rule.buckets * columns);
      upstream?.data.forEach((value, at) => {
        const offset = (keys?.data[at % m] ?? 0) - (queries?.data[Math.floor(at / m) % n] ?? 0);
        const place = bucketOf(starts, rule, offset) * columns + (heads?.data[Math.floor(at / (n * m))] ?? 0);
        out[place] = (out[place] ?? 0) + value;
      });
      return out;
    },

    onnx(emitter, [upstream = '', heads = '', queries = '', keys = '']) {
      // Which cells fall into which bucket, as ones and zeros: its product with the cells sums them.
      const buckets = emitter.node('Reshape', [
        bucketsOnnx(emitter, queries, keys, starts, rule),
        emitter.integers([-1], [1]),
      ]);
      const values = emitter.floats([0, 1], [2]);
      const member = emitter.node('OneHot', [buckets, emitter.integers([rule.buckets], []), values], {
        axis: 0,
      }); // (bucket, query · key)
      const flat = emitter.node('Reshape', [upstream, emitter.integers([0, -1], [2])]); // (head, query · key)
      const sums = emitter.node('MatMul', [member, emitter.node('Transpose', [flat], { perm: [1, 0] })]); // (bucket, own head)
      const place = emitter.node('OneHot', [heads, emitter.integers([columns], []), values], { axis: -1 }); // (own head, head)
      return emitter.node('MatMul', [sums, place]);
    },

    print(language, inputs) {
      const [upstream = atom(''), heads = atom(''), queries = atom(''), keys = atom('')] = inputs;
      if (language === 'tex') {
        return compose(`\\sum_{b(j - i) = b} {${upstream.text}}_{ij}`, binding.sum, inputs);
      }
      const offset = `${keys.text}[None, :] - ${queries.text}[:, None]`;
      const later = rule.bidirectional ? ownBuckets(rule) : 0;
      const bucketsText = `relative_buckets(${offset}, [${starts.join(', ')}], ${later})`;
      const stack = language === 'numpy' ? 'np.stack' : 'torch.stack';
      return compose(
        `${stack}([(${upstream.text} * (${bucketsText} == b)).sum((1, 2)) for b in range(${rule.buckets})])[:, ${heads.text}]`,
        binding.atom,
        inputs,
        [language === 'numpy' ? numpyDefinition : pytorchDefinition],
      );
    },

    async derive(cell) {
      const [row = 0, column = 0] = cell.index;
      const lines = await Promise.all(cell.shapes.map((shape, at) => cell.line(at, wholeOf(shape))));
      const [cells, heads, queries, keys] = lines.map(({ values }) => values);
      const [, n = 0, m = 0] = cell.shapes[0] ?? [];
      const values = (cells ?? new Float64Array()).filter((_, at) => {
        const offset = (keys?.[at % m] ?? 0) - (queries?.[Math.floor(at / m) % n] ?? 0);
        return bucketOf(starts, rule, offset) === row && heads?.[Math.floor(at / (n * m))] === column;
      });
      const total = values.reduce((sum, value) => sum + value, 0);
      return {
        value: total,
        numbers: sumOfTerms(values, (term) => number(values[term] ?? 0).text),
        sums: [{ axis: 'key', columns: [{ tex: '\\text{cell in this bucket}', values, total }] }],
      };
    },

    // Each cell of the gradient adds to one cell of the table; so that cell's own gradient is the table's there.
    vjp: (upstream, [, heads, queries, keys]) => [
      heads && queries && keys && relativeBias(upstream, heads, queries, keys, rule),
      undefined,
      undefined,
      undefined,
    ],
  };
}

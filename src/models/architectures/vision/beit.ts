import { label, type Value } from '../../../engine/graph.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import { concat, dropAxis, gather, matmul, splitHeads, transpose } from '../../../engine/ops/index.js';
import { Weights } from '../parts/weights.js';
import type { VisionArchitecture, VisionDescription } from './architecture.js';
import { interpolationMatrix, type Grid } from './interpolation.js';
import { describeVision } from './settings.js';
import { buildTower, classifier, meanOf, rowsOf, visionLayer, type Feed } from './tower.js';
import { positionTable, token, vitNames, vitSizes } from './vit.js';

/**
 * BEiT: Bao et al. 2022. Positions are a bias of the scores that depends on how far apart two patches are; its table is interpolated
 * for other grids.
 */
export const beit: VisionArchitecture = {
  modelTypes: ['beit'],
  title: 'BEiT',
  describe: (config) => ({
    ...describeVision(config),
    positions:
      config.flag('use_relative_position_bias') || config.flag('use_shared_relative_position_bias')
        ? 'bias'
        : 'embedded',
  }),
  build(checkpoint, size, attention) {
    const { config } = checkpoint;
    const description = describeVision(config);
    const { width, labels, layers } = description;
    const weights = new Weights(checkpoint, 'beit.', 'embeddings.cls_token');
    const base = vitSizes(config);
    const sizes = { ...base, biases: { query: true, key: false, value: true } };
    const pooled = config.flag('use_mean_pooling', true);
    const scaled = weights.has('encoder.layer.0.lambda_1');
    const sort = classifier(checkpoint, 'classifier', width, labels.length);
    const normed = (name: string) => (value: Value) => weights.norm(name, width)(value, base.epsilon);
    return buildTower(checkpoint, size, {
      weights,
      description,
      patch: { name: 'embeddings.patch_embeddings.projection', bias: true },
      specials: [{ token: { kind: 'class' }, row: token(weights, 'embeddings.cls_token', width) }],
      ...(config.flag('use_absolute_position_embeddings')
        ? { positions: { table: positionTable(weights, description, 1), kind: 'bicubic' } }
        : {}),
      stack(grid, feed) {
        const biasOf = biases(weights, description, grid, feed);
        const shared = config.flag('use_shared_relative_position_bias')
          ? biasOf('encoder.relative_position_bias', 'position_bias')
          : undefined;
        return Array.from({ length: layers }, (_, layer) => {
          const at = `encoder.layer.${layer}`;
          const bias = config.flag('use_relative_position_bias')
            ? biasOf(`${at}.attention.attention.relative_position_bias`, 'position_bias')
            : shared;
          const own: AttendParameters =
            bias === undefined ? attention : { ...attention, bias: { kind: 'matrix', matrix: bias } };
          const scales = [`${at}.lambda_1`, `${at}.lambda_2`] as const;
          return visionLayer(weights, vitNames(layer), scaled ? { ...sizes, scales } : sizes, own);
        });
      },
      ...(pooled ? {} : { finalNorm: normed('layernorm') }),
      ...(sort === undefined
        ? {}
        : {
            head: (last) =>
              sort(pooled ? normed('pooler.layernorm')(meanOf(rowsOf(last, 1))) : rowsOf(last, 0, 1)), // (1, label)
          }),
    });
  },
};

/** The biases of a grid, of the tables of a trained one: each a number for every pair of tokens. // (head, query, key) */
function biases(
  weights: Weights,
  { patch, trained, heads }: VisionDescription,
  grid: Grid,
  feed: Feed,
): (name: string, called: string) => Value {
  const spans = (of: Grid): Grid => ({ rows: 2 * of.rows - 1, columns: 2 * of.columns - 1 });
  const from = spans({
    rows: Math.floor(trained.height / patch.height),
    columns: Math.floor(trained.width / patch.width),
  });
  const to = spans(grid);
  const [known, wanted] = [from.rows * from.columns, to.rows * to.columns];
  const count = grid.rows * grid.columns + 1;
  let leaves: { readonly mix: Value | undefined; readonly places: Value } | undefined;
  return (name, called) => {
    leaves ??= {
      mix:
        from.rows === to.rows && from.columns === to.columns
          ? undefined
          : feed('interpolation', 'M', interpolationMatrix(from, to, 'bilinear')), // (distance, trained distance)
      places: feed('distances', 'D', { shape: [count * count], data: distances(grid, wanted) }, true), // (key · query)
    };
    const table = weights.reshaped(
      `${name}.relative_position_bias_table`,
      [known + 3, heads],
      [known + 3, heads],
    ); // (distance + 3, head)
    const near = rowsOf(table, 0, known); // (trained distance, head)
    const mixed = leaves.mix === undefined ? near : matmul(leaves.mix, near); // (distance, head)
    const all = concat([mixed, rowsOf(table, known)], 'rows'); // (distance + 3, head)
    const pairs = transpose(gather(all, leaves.places)); // (head, key · query)
    const each = Array.from(
      { length: heads },
      (_, head) => dropAxis(splitHeads(rowsOf(pairs, head, head + 1), count), 1), // (key, query)
    );
    const bias = transpose(splitHeads(concat(each, 'columns'), heads)); // (head, query, key)
    return label(bias, { name: called, symbol: 'B_h', axes: ['head', 'query', 'key'], given: true });
  };
}

/** For each key and query, the row of the table for where they lie to each other; the last three are for the class token. */
function distances({ rows, columns }: Grid, wanted: number): Float64Array {
  const count = rows * columns + 1;
  const data = new Float64Array(count * count); // (key, query)
  for (let key = 0; key < count; key++) {
    for (let query = 0; query < count; query++) {
      let place = wanted + (key === 0 ? (query === 0 ? 2 : 1) : 0);
      if (key > 0 && query > 0) {
        const down = Math.floor((query - 1) / columns) - Math.floor((key - 1) / columns) + rows - 1;
        const across = ((query - 1) % columns) - ((key - 1) % columns) + columns - 1;
        place = down * (2 * columns - 1) + across;
      }
      data[key * count + query] = place;
    }
  }
  return data;
}

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../../src/engine/graph.js';
import type { Tensor } from '../../../src/engine/tensor.js';
import type { Model } from '../../../src/models/model.js';
import type { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  at,
  distance,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../models/expected.js';

/** A text as `transformers` cuts it. */
export interface Text {
  readonly text: string;
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

/** Made by make_references.py. */
const folder = join(process.cwd(), 'test/fixtures/checkpoints');

/** Of the hidden states, every so many numbers of a row are kept. */
const stride = 16;

/** What hidden states may differ by, as a share of the root of the mean square of their row. */
const tolerance = 1e-4;

/** Where scripts/checkpoints.mjs puts what it fetches. */
export function checkpoint(...path: readonly string[]): string {
  const place = join(process.cwd(), '.cache/checkpoints', ...path);
  assert.ok(existsSync(place), `${place} is not there: npm run test:checkpoints fetches it`);
  return place;
}

/** What stands in the JSON file of a checkpoint's references. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it stands for an assertion at each call
export function described<Shape>(name: string): Shape {
  return readJson<Shape>(readFileSync(join(folder, `${name}.json`), 'utf8'));
}

/** The numbers of each text of a checkpoint's references. */
export async function referencesOf(name: string): Promise<(text: number) => Tensors> {
  const all = await tensorsIn(join(folder, `${name}.safetensors`));
  return (text) => {
    const prefix = `${text}.`;
    const own = [...all].filter(([key]) => key.startsWith(prefix));
    return new Map(own.map(([key, tensor]) => [key.slice(prefix.length), tensor]));
  };
}

/** The layer and head of each attention matrix of which rows are kept. */
export function picksOf(references: Tensors): { layer: number; head: number }[] {
  const picks = tensorNamed(references, 'picks');
  return Array.from({ length: picks.shape[0] ?? 0 }, (_, pick) => {
    const [layer = -1, head = -1] = at(picks, pick).data;
    return { layer, head };
  });
}

/** Hidden states, attention weights and logits of a text are those of `transformers`. */
export async function assertForward(
  { model, runtime }: { readonly model: Model; readonly runtime: Runtime },
  { ids }: Text,
  references: Tensors,
): Promise<void> {
  const graph = model.build(ids.length, model.attention);
  const rows = [...tensorNamed(references, 'rows').data];
  const picks = picksOf(references);
  const weights = picks.map(({ layer }) => weightsOf(graph.layers[layer]));
  const logits = references.has('logits') ? [graph.logits ?? assert.fail('no logits')] : [];
  const results = await runtime.run([...graph.hiddenStates, ...weights, ...logits], graph.feeds(ids));

  const hidden = tensorNamed(references, 'hidden_states'); // (state, row, column)
  const sizes = tensorNamed(references, 'sizes'); // (state, row)
  assert.equal(graph.hiddenStates.length, hidden.shape[0]);
  graph.hiddenStates.forEach((_, state) => {
    const found = results[state] ?? assert.fail();
    rows.forEach((row, index) => {
      const numbers = at(found, row).data.filter((_number, column) => column % stride === 0);
      const size = at(sizes, state).data[index] ?? Number.NaN;
      const difference = distance(numbers, at(at(hidden, state), index).data) / size;
      assert.ok(
        difference <= tolerance,
        `row ${row} of hidden states ${state} differs by ${difference} of its size`,
      );
    });
  });
  picks.forEach(({ layer, head }, pick) => {
    const matrix = at(results[graph.hiddenStates.length + pick] ?? assert.fail(), head); // (query, key)
    assertClose(
      rowsOf(matrix, rows),
      at(tensorNamed(references, 'attentions'), pick),
      1e-4,
      `layer ${layer}, head ${head}`,
    );
  });
  if (logits.length === 0) return;
  const numbers = results.at(-1) ?? assert.fail(); // (n, vocabulary)
  const kept = [...tensorNamed(references, 'ids').data];
  const found = rows.flatMap((row) => kept.map((id) => at(numbers, row).data[id] ?? Number.NaN));
  const expected = tensorNamed(references, 'logits'); // (row, id)
  assertClose({ shape: expected.shape, data: Float32Array.from(found) }, expected, 1e-3, 'logits');
}

function weightsOf(steps: readonly Value[] | undefined): Value {
  return steps?.find(({ label }) => label?.name === 'weights') ?? assert.fail('no weights');
}

function rowsOf(matrix: Tensor<Float32Array>, rows: readonly number[]): Tensor<Float32Array> {
  const width = matrix.shape[1] ?? 0;
  return {
    shape: [rows.length, width],
    data: Float32Array.from(rows.flatMap((row) => [...at(matrix, row).data])),
  };
}

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  explainMismatch,
  inspectFiles,
  RolesNeeded,
  type ExplainedInspection,
  type OpenInspection,
} from '../../../../src/inspection/index.js';
import type { WireTensor } from '../../../../src/protocol.js';
import { Fixture } from '../../../support/engine/numbers.js';

const fixture = new Fixture('../doctor/dumps.safetensors');
const file = join(process.cwd(), 'test/fixtures/doctor/mismatch.safetensors');

function wire(name: string): WireTensor {
  const { shape, data } = fixture.tensor(name);
  return { shape, data: Float32Array.from(data) };
}

function tensorsOf(setting: string, made: string, ...results: readonly string[]): Record<string, WireTensor> {
  const inputs = ['Q', 'K', 'V'].map((name) => [name, wire(`${setting}/${name}`)]);
  const given = results.map((name) => [name, wire(`${setting}/${made}/${name}`)]);
  return Object.fromEntries([...inputs, ...given]) as Record<string, WireTensor>;
}

/** One head's matrix of a step. */
async function matrix(inspection: OpenInspection, step: string, head: number): Promise<Float32Array> {
  const { data } = await inspection.slice(step, { head });
  return data;
}

function assertSame(ours: Float32Array, theirs: Float32Array): void {
  assert.equal(ours.length, theirs.length);
  ours.forEach((value, at) => {
    // A masked cell is shown as such; theirs is 0 there.
    const own = Number.isNaN(value) ? 0 : value;
    assert.ok(Math.abs(own - (theirs[at] ?? 0)) < 1e-5, `${value} instead of ${theirs[at]} at ${at}`);
  });
}

describe('explaining a mismatch, in the library', () => {
  const open: OpenInspection[] = [];
  async function explained(...args: Parameters<typeof explainMismatch>): Promise<ExplainedInspection> {
    const inspection = await explainMismatch(...args);
    open.push(inspection);
    return inspection;
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  it('says which slip it is, and shows the formula, the given results and the slip as steps', async () => {
    const tensors = tensorsOf('causal', 'no-scaling', 'weights', 'output');
    const inspection = await explained({ tensors }, { params: { mask: 'causal' } });
    const { diagnosis } = inspection;
    assert.equal(diagnosis.verdict, 'explained');
    assert.match(diagnosis.sentence, /^The scores are not scaled\. That gives the same weights, output/);
    assert.equal(diagnosis.from, 'scaled');
    assert.ok(diagnosis.compared.every(({ agrees, error }) => !agrees && error > 1e-2));
    const [best] = diagnosis.explanations;
    assert.ok(best?.fits);
    assert.ok(best.compared.every(({ agrees, error }) => agrees && error < 1e-5));
    const { shape, data } = wire('causal/no-scaling/weights');
    const area = (shape[1] ?? 0) * (shape[2] ?? 0);
    const ours = await matrix(inspection, 'weights', 2);
    assert.notDeepEqual(ours, data.subarray(2 * area, 3 * area));
    for (const reading of ['theirs', best.reading]) {
      await inspection.change({ reading });
      assertSame(await matrix(inspection, 'weights', 2), data.subarray(2 * area, 3 * area));
    }
    assert.ok(!inspection.steps.some(({ name }) => name === 'scaled'));
    assert.match(await inspection.code('pytorch'), /softmax/);
  });

  it('agrees where the numbers are right', async () => {
    const tensors = tensorsOf('plain', '', 'scores', 'weights', 'output');
    const { diagnosis } = await explained({ tensors });
    assert.equal(diagnosis.verdict, 'agrees');
    assert.match(diagnosis.sentence, /^Agrees/);
    assert.deepEqual(diagnosis.explanations, []);
  });

  it('names the first step that differs and the nearest readings where none fits', async () => {
    const tensors = tensorsOf('plain', '', 'weights', 'output');
    const { shape, data } = wire('plain//output');
    const output = { shape, data: data.map((value, at) => value + 0.3 * Math.sin(at)) };
    const { diagnosis } = await explained({ tensors: { ...tensors, output } });
    assert.equal(diagnosis.verdict, 'unexplained');
    assert.equal(diagnosis.from, 'output');
    assert.match(diagnosis.sentence, /differ from “Output” on/);
  });

  it('is offered for files that hold results beside the inputs', async () => {
    const inspection = await inspectFiles(file, { params: { mask: 'causal' } });
    open.push(inspection);
    assert.equal(inspection.summary.diagnosis, undefined);
    const { diagnosis, parameters } = await inspection.change({ explain: 'yes' });
    assert.equal(diagnosis?.explanations[0]?.slips[0]?.id, 'no-scaling');
    assert.ok(parameters.some(({ name, value }) => name === 'reading' && value === 'formula'));
    assert.deepEqual(inspection.summary.notices, []);
    assert.equal(
      (await explained({ files: file }, { params: { mask: 'causal' } })).diagnosis.verdict,
      'explained',
    );
  });

  /** Two of the same shape, one after the other. */
  const two = (a: WireTensor, b: WireTensor): WireTensor => ({
    shape: [2, ...a.shape],
    data: Float32Array.of(...a.data, ...b.data),
  });
  const stacked = (): Record<string, WireTensor> => {
    const right = tensorsOf('causal', '', 'weights');
    const wrong = tensorsOf('causal', 'no-scaling', 'weights');
    return Object.fromEntries(
      Object.entries(right).map(([name, tensor]) => [name, two(tensor, wrong[name] ?? tensor)]),
    );
  };
  const slipsOf = ({ explanations }: ExplainedInspection['diagnosis']): string[] =>
    (explanations[0]?.slips ?? []).map(({ id }) => id);

  it('explains the layer that is picked, and says which', async () => {
    const inspection = await explained({ tensors: stacked() }, { params: { mask: 'causal' } });
    assert.equal(inspection.diagnosis.verdict, 'agrees');
    assert.match(inspection.diagnosis.notes.join(), /Layer 1 of 2 is explained/);
    const { diagnosis } = await inspection.change({ explainedLayer: 1 });
    assert.ok(diagnosis);
    assert.deepEqual(slipsOf(diagnosis), ['no-scaling']);
    assert.match(diagnosis.notes.join(), /Layer 2 of 2 is explained/);
    await assert.rejects(inspection.change({ explainedLayer: 2 }), /layers 0 to 1 to be explained, not 2/);
  });

  it('compares the results of the entry that is picked', async () => {
    const params = { mask: 'causal', vectorAxes: 'batch head row feature' };
    const inspection = await explained({ tensors: stacked() }, { params });
    assert.equal(inspection.diagnosis.verdict, 'agrees');
    const { diagnosis } = await inspection.change({ entry: 1 });
    assert.ok(diagnosis);
    assert.deepEqual(slipsOf(diagnosis), ['no-scaling']);
    assert.match(diagnosis.notes.join(), /Entry 1 of a batch of 2 is explained/);
    const { weights, ...inputs } = stacked();
    assert.ok(weights);
    const other = {
      shape: [4, ...weights.shape.slice(1)],
      data: Float32Array.of(...weights.data, ...weights.data),
    };
    await assert.rejects(
      explainMismatch({ tensors: { ...inputs, weights: other } }, { params }),
      /given weights \(4, 4, 11, 11\) have more axes .* in front of the inputs \(batch 2\)/,
    );
  });

  it('takes what is said to be the output of an implementation', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
    try {
      const tensors = tensorsOf('causal', 'no-scaling', 'output');
      const path = join(folder, 'dump.json');
      const names = { Q: 'first', K: 'second', V: 'third', output: 'fourth' };
      const named = Object.entries(names).map(([role, name]) => {
        const { shape = [], data = [] } = tensors[role] ?? {};
        return [name, { shape, data: [...data] }];
      });
      await writeFile(path, JSON.stringify(Object.fromEntries(named)));
      const needed = await inspectFiles(path).catch((error: unknown) => error);
      assert.ok(needed instanceof RolesNeeded);
      assert.ok(needed.question.roles.some(({ role }) => role === 'output'));
      const roles = Object.fromEntries(
        needed.question.tensors.map(({ key, name }) => [
          key,
          Object.entries(names).find(([, own]) => own === name)?.[0] ?? '',
        ]),
      );
      const params = { mask: 'causal', vectorAxes: 'head row feature' };
      const { diagnosis } = await explained({ files: path }, { roles, params });
      assert.deepEqual(slipsOf(diagnosis), ['no-scaling']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says what is missing where there is no result, or one of another shape', async () => {
    const { weights: _, ...inputs } = tensorsOf('plain', '', 'weights');
    await assert.rejects(
      explainMismatch({ tensors: inputs }),
      /nothing to explain.*“scores”, “weights” or “output”/,
    );
    const weights = { shape: [2, 3], data: new Float32Array(6) };
    await assert.rejects(
      explainMismatch({ tensors: { ...inputs, weights } }),
      /given weights \(2, 3\) do not have the shape of any step: there are 4 heads, 11 queries and 11 keys/,
    );
  });
});

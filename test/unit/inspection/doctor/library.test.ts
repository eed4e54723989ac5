import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  explainMismatch,
  inspectFiles,
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

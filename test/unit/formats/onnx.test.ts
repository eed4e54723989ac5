import assert from 'node:assert/strict';
import { readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOnnx, type OnnxFile } from '../../../src/formats/onnx.js';
import { FormatError, fromBytes, openFile } from '../../../src/formats/source.js';
import { ModelError, OnnxModel } from '../../../src/models/index.js';
import { fixtures, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

const folder = join(fixtures, 'onnx');

/** What the `onnx` package reads, by make_onnx.py. */
interface Facts {
  /** Operator, inputs, outputs of each node; of most files only how many there are. */
  readonly nodes: number | readonly (readonly [string, readonly string[], readonly string[]])[];
  /** Type and shape. */
  readonly constants: Readonly<Record<string, readonly [number, readonly number[]]>>;
  readonly inputs: Readonly<Record<string, readonly [number, readonly (number | string)[]]>>;
}

async function read(path: string): Promise<OnnxFile> {
  const source = await openFile(platform, path);
  try {
    return await readOnnx(source);
  } finally {
    await source.close();
  }
}

describe('ONNX files', () => {
  it('give the nodes, constants and inputs that the onnx package reads in them', async () => {
    const facts = readJson<Record<string, Facts>>(await readFile(join(folder, 'graphs.json'), 'utf8'));
    assert.ok(Object.keys(facts).length > 25);
    for (const [file, { nodes, constants, inputs }] of Object.entries(facts)) {
      const found = await read(join(folder, file));
      const shown = found.nodes.map((node) => [node.operator, node.inputs, node.outputs]);
      assert.deepEqual(typeof nodes === 'number' ? shown.length : shown, nodes, file);
      assert.deepEqual(
        Object.fromEntries([...found.constants].map(([name, { type, shape }]) => [name, [type, shape]])),
        constants,
        file,
      );
      assert.deepEqual(
        Object.fromEntries(found.inputs.map(({ name, type, shape }) => [name, [type, shape]])),
        inputs,
        file,
      );
    }
  });

  it('leave large constants where they are', async () => {
    const path = join(folder, 'by-hand/einsum.onnx');
    const bytes = await readFile(path);
    const { place, shape } = (await read(path)).constants.get('w_q') ?? {};
    assert.deepEqual(shape, [64, 64]);
    assert.ok(place?.kind === 'inside');
    assert.equal(place.length, 4 * 64 * 64);
    // The numbers of torch.randn(…) / 3 that make_onnx.py put there: few are beyond 1.5, and none is far.
    const view = new DataView(bytes.buffer, bytes.byteOffset + place.offset, place.length);
    const numbers = Array.from({ length: 64 * 64 }, (_, at) => view.getFloat32(4 * at, true));
    const square = numbers.reduce((sum, value) => sum + value * value, 0) / numbers.length;
    assert.ok(Math.abs(square - 1 / 9) < 0.01, `their variance is ${square}`);
    const outside = (await read(join(folder, 'llama/onnx/model.onnx'))).constants.get(
      'model.embed_tokens.weight',
    );
    assert.deepEqual(
      [outside?.place.kind, outside?.place.kind === 'outside' && outside.place.location],
      ['outside', 'model.onnx_data'],
    );
  });

  it('are refused in a sentence wherever they end, and never read beyond', async () => {
    const bytes = await readFile(join(folder, 'bert/optimised.onnx'));
    for (let end = 0; end < bytes.length; end += 97) {
      const refused = await readOnnx(fromBytes('cut.onnx', bytes.subarray(0, end))).then(
        () => undefined,
        (error: unknown) => error,
      );
      // A cut between two fields of the model itself leaves a whole message behind.
      if (refused !== undefined)
        assert.ok(refused instanceof FormatError && refused.message.startsWith('cut.onnx'));
    }
  });

  it('are read or refused in a sentence when bytes of them are wrong', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'attention-onnx-'));
    const path = join(scratch, 'changed.onnx');
    const bytes = await readFile(join(folder, 'by-hand/group-query-attention-packed.onnx'));
    let state = 7;
    const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
    let whole = 0;
    try {
      for (let turn = 0; turn < 300; turn++) {
        const changed = new Uint8Array(bytes);
        // The graph's nodes stand at its beginning, behind the model's own fields.
        for (let count = 0; count < 3; count++) changed[random(1200)] = random(256);
        await writeFile(path, changed);
        try {
          const model = await OnnxModel.open(platform, path);
          model.part(model.attention.map(({ result }) => result.value));
          whole++;
        } catch (error) {
          assert.ok(error instanceof ModelError && error.message.startsWith('changed.onnx'), String(error));
        }
      }
    } finally {
      await rm(scratch, { recursive: true });
    }
    assert.ok(whole > 0 && whole < 300, `${whole} of 300 were read`);
  });
});

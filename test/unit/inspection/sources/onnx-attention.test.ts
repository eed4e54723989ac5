import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectTensors, type OpenInspection } from '../../../../src/inspection/index.js';
import { Fixture } from '../../../support/engine/numbers.js';
import type { TestTensor } from '../../../support/inspection/numbers.js';

/** A conformance case of ONNX's Attention: see make_onnx_attention.py. */
interface Case {
  readonly name: string;
  readonly attributes: Readonly<Record<string, number>>;
  /** "in/Q" → "float16" */
  readonly types: Readonly<Record<string, string>>;
}

const folder = join(process.cwd(), 'test/fixtures/inspection');
const fixture = new Fixture(join('../inspection', 'onnx-attention.safetensors'));
const cases = fixture.described<readonly Case[]>('cases');

/** How far halves and bfloat16, in which a reference computed, may lie from float32. */
const roundings: Readonly<Record<string, number>> = { float32: 1e-5, float16: 2e-3, bfloat16: 1.6e-2 };

/** (batch, row, head · feature) → (batch, head, row, feature) */
function split({ shape, data }: TestTensor, heads: number): TestTensor {
  const [batch = 1, rows = 1, width = 1] = shape;
  const size = width / heads;
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const [feature, head] = [at % size, Math.floor(at / size) % heads];
    const [row, entry] = [Math.floor(at / width) % rows, Math.floor(at / width / rows)];
    out[((entry * heads + head) * rows + row) * size + feature] = data[at] ?? Number.NaN;
  }
  return { shape: [batch, heads, rows, size], data: out };
}

function inputsOf({ name, attributes, types }: Case): {
  tensors: Record<string, TestTensor>;
  params: Record<string, string | number>;
} {
  const given = (key: string): TestTensor | undefined => {
    if (!fixture.has(`${name}/in/${key}`)) return undefined;
    const { shape, data } = fixture.tensor(`${name}/in/${key}`);
    const tensor = { shape, data: Float32Array.from(data) };
    const heads = attributes[key === 'Q' ? 'q_num_heads' : 'kv_num_heads'];
    return heads !== undefined && /^[QKV]$/.test(key) ? split(tensor, heads) : tensor;
  };
  const tensors = Object.fromEntries(
    [
      ['Q', given('Q')],
      ['K', given('K')],
      ['V', given('V')],
      ['mask', given('attn_mask')],
      ['past_K', given('past_key')],
      ['past_V', given('past_value')],
      ['lengths', given('nonpad_kv_seqlen')],
    ].filter((entry): entry is [string, TestTensor] => entry[1] !== undefined),
  );
  const { is_causal, left_window_size, right_window_size, softcap, scale } = attributes;
  return {
    tensors,
    params: {
      ...(is_causal === 1 ? { causal: 'on' } : {}),
      ...(left_window_size === undefined ? {} : { windowLeft: left_window_size }),
      ...(right_window_size === undefined ? {} : { windowRight: right_window_size }),
      ...(softcap === undefined ? {} : { softcap }),
      ...(scale === undefined ? {} : { scaling: 'number', divisor: 1 / scale }),
      ...(tensors['mask'] === undefined
        ? {}
        : { givenMask: types['in/attn_mask'] === 'bool' ? 'keep' : 'add' }),
    },
  };
}

/** What the operator's fourth output holds, by its mode, as a step; the last of these that there is. */
const modes = [['scaled'], ['scaled', 'capped'], ['scaled', 'capped', 'masked'], ['weights']] as const;

describe('ONNX’s conformance cases of Attention', () => {
  const open: OpenInspection[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  it('are all there', () => {
    assert.equal(cases.length, 93);
    const script = readFileSync(join(folder, 'make_onnx_attention.py'), 'utf8');
    assert.match(script, /assert len\(cases\) == 93/);
  });

  for (const each of cases) {
    it(`hold: ${each.name}`, async () => {
      const { tensors, params } = inputsOf(each);
      const inspection = await inspectTensors(tensors, { params });
      open.push(inspection);
      const { layers, heads } = inspection.summary;

      /** Compares a step with an output: (batch, head, row, column), or, of three axes, with heads side by side. */
      const compare = async (step: string, output: string, count: number): Promise<void> => {
        const { shape, data } = fixture.tensor(`${each.name}/out/${output}`);
        const expected =
          shape.length === 3 ? split({ shape, data: Float32Array.from(data) }, count) : { shape, data };
        const [batch = 0, all = 0, rows = 0, columns = 0] = expected.shape;
        assert.deepEqual([layers, count], [batch, all]);
        const rounding = roundings[each.types[`out/${output}`] ?? ''] ?? 0;
        for (let place = 0; place < batch * all; place++) {
          const at = { layer: Math.floor(place / all), head: (place % all) * (heads / count) };
          const slice = await inspection.slice(step, at);
          assert.deepEqual(slice.shape, [rows, columns]);
          const empty = new Set(slice.emptyRows);
          slice.data.forEach((value, cell) => {
            const reference = expected.data[place * rows * columns + cell] ?? Number.NaN;
            const where = `${step}, ${JSON.stringify(at)}, cell ${cell}: ${value} is not ${reference}`;
            if (Number.isNaN(value)) {
              // Masked: −∞ as a score, 0 as a weight; a row with nothing to attend to is 0 there, and a state of its own here.
              const isEmpty = empty.has(Math.floor(cell / columns));
              const wanted = step === 'masked' ? -Infinity : 0;
              assert.ok(step === 'output' ? isEmpty : true, where);
              assert.ok(reference === wanted, where);
              return;
            }
            const most = rounding * Math.max(1, Math.abs(reference));
            assert.ok(Math.abs(value - reference) <= most, where);
          });
        }
      };

      const kvHeads = tensors['K']?.shape[1] ?? 1;
      await compare('output', 'Y', heads);
      if (each.types['out/present_key'] !== undefined) await compare('K', 'present_key', kvHeads);
      if (each.types['out/present_value'] !== undefined) await compare('V', 'present_value', kvHeads);
      if (each.types['out/qk_matmul_output'] !== undefined) {
        const names = new Set(inspection.steps.map(({ name }) => name));
        const step = modes[each.attributes['qk_matmul_output_mode'] ?? 0]?.findLast((name) =>
          names.has(name),
        );
        assert.ok(step);
        await compare(step, 'qk_matmul_output', heads);
      }
    });
  }
});

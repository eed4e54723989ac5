import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusal } from '../../../src/models/index.js';
import { Model } from '../../../src/models/model.js';
import { fixtures, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

/** Made by make_quantised.py: what a folder is refused as, by its settings and by its tensors alone. */
const schemes: Readonly<Record<string, readonly [bySettings: string, byTensors: string]>> = {
  awq: ['AWQ', 'GPTQ or AWQ'],
  'bitsandbytes-fp4': ['bitsandbytes (4-bit, fp4)', 'bitsandbytes (4-bit)'],
  'bitsandbytes-int8': ['bitsandbytes (8-bit, LLM.int8)', 'bitsandbytes (8-bit, LLM.int8)'],
  'bitsandbytes-nf4': ['bitsandbytes (4-bit, nf4)', 'bitsandbytes (4-bit)'],
  'compressed-fp8': ['compressed-tensors', 'FP8'],
  'compressed-int8': ['compressed-tensors', 'a scheme that is not named'],
  eetq: ['EETQ', 'a scheme that is not named'],
  'fp8-blocks': ['FP8', 'FP8'],
  gptq: ['GPTQ', 'GPTQ or AWQ'],
  quanto: ['Quanto', 'Quanto'],
  torchao: ['torchao', 'torchao'],
};
const folder = join(fixtures, 'quantised');

describe('Quantised checkpoints', () => {
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'quantised-'));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  it('are all tried', async () => {
    const made = await readdir(folder, { withFileTypes: true });
    const names = made.filter((each) => each.isDirectory()).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), Object.keys(schemes).toSorted());
  });

  for (const [name, [bySettings, byTensors]] of Object.entries(schemes)) {
    it(`${name} is refused by its name, by its settings and by its tensors, and before it is fetched`, async () => {
      const path = join(folder, name);
      const config = await readFile(join(path, 'config.json'), 'utf8');
      const saying = (scheme: string): string =>
        `its weights are quantised by ${scheme}, which is not read here. `;
      const files = await readdir(path);
      const before = refusal('tiny/model', config, files) ?? '';
      assert.ok(before.startsWith('tiny/model: config.json '), before);
      assert.ok(before.includes(saying(bySettings)), before);
      await assert.rejects(Model.open(platform, path), (error: Error) => {
        assert.equal(error.name, 'ModelError');
        assert.ok(error.message.startsWith(`${name}: config.json `), error.message);
        assert.ok(error.message.includes(saying(bySettings)), error.message);
        return true;
      });
      const silent = join(scratch, name);
      await cp(path, silent, { recursive: true });
      const { quantization_config: _, ...rest } = readJson<Record<string, unknown>>(config);
      await writeFile(join(silent, 'config.json'), JSON.stringify(rest));
      if (files.includes('quanto_qmap.json')) {
        await assert.rejects(
          Model.open(platform, silent),
          /lies beside quanto_qmap\.json, by which its weights/,
        );
        await unlink(join(silent, 'quanto_qmap.json'));
      }
      await assert.rejects(Model.open(platform, silent), (error: Error) => {
        assert.equal(error.name, 'ModelError');
        assert.ok(error.message.startsWith(`${name}: model.safetensors: `), error.message);
        assert.ok(error.message.includes(saying(byTensors)), error.message);
        return true;
      });
    });
  }

  it('are told by what the settings of each kind of maker say', async () => {
    const plain = readJson<object>(await readFile(join(fixtures, 'llama/config.json'), 'utf8'));
    const said = (settings: object, files: readonly string[] = []): string | undefined =>
      refusal('x', JSON.stringify({ ...plain, ...settings }), files);
    assert.equal(said({}), undefined);
    assert.equal(said({ quantization_config: null }), undefined);
    assert.equal(said({ quantization_config: {} }), undefined);
    const off = { load_in_4bit: false, load_in_8bit: false, quant_method: 'bitsandbytes' };
    assert.equal(said({ quantization_config: off }), undefined);
    const cases: readonly (readonly [settings: object, scheme: string])[] = [
      [{ quantization_config: { quant_method: 'mxfp4' } }, 'MXFP4'],
      [{ quantization_config: { quant_method: 'HQQ' } }, 'HQQ'],
      [{ quantization_config: { quant_method: 'brand-new' } }, 'brand-new'],
      [{ quantization_config: { load_in_8bit: true } }, 'bitsandbytes (8-bit, LLM.int8)'],
      [{ quantization_config: { bits: 3 } }, 'a scheme that is not named'],
      [{ quantization_config: 'int4' }, 'a scheme that is not named'],
      [{ compression_config: { format: 'pack-quantized' } }, 'compressed-tensors'],
      [{ quantization: { group_size: 64, bits: 4 } }, 'MLX'],
      [{ text_config: { quantization_config: { quant_method: 'awq' } } }, 'AWQ'],
    ];
    for (const [settings, scheme] of cases) {
      const message = said(settings) ?? '';
      assert.ok(message.includes(`quantised by ${scheme}, which`), `${JSON.stringify(settings)}: ${message}`);
    }
    assert.match(said({}, ['quantize_config.json']) ?? '', /quantize_config\.json, by which .* GPTQ/);
  });

  it('are told by types and names where nothing else tells, and 8 bits by themselves are numbers', async () => {
    const config = { model_type: 'llama' };
    const opened = async (name: string, tensors: Readonly<Record<string, string>>): Promise<string> => {
      const path = join(scratch, name);
      await mkdir(path);
      await writeFile(join(path, 'config.json'), JSON.stringify(config));
      await writeFile(join(path, 'model.safetensors'), squares(tensors));
      return Model.open(platform, path).then(
        (model) => model.dispose().then(() => 'opens'),
        (error: unknown) => (error instanceof Error ? error.message : ''),
      );
    };
    assert.equal(
      await opened('small', { 'a.weight': 'F8_E4M3', 'b.weight': 'F32', 'a.k_scale': 'F32' }),
      'opens',
    );
    assert.equal(
      await opened('buffers', { 'a.weight': 'F16', 'a.position_ids': 'I64', 'b.mask': 'BOOL' }),
      'opens',
    );
    assert.match(
      await opened('together', { 'a.weight': 'F8_E4M3', 'scales.a_scale': 'F32' }),
      /^together: model\.safetensors: the tensor "a\.weight" is of type F8_E4M3 with "scales\.a_scale" beside it: .* by FP8, /,
    );
    assert.match(
      await opened('whole', { 'a.weight': 'I8', 'b.weight': 'F32' }),
      /^whole: model\.safetensors: the tensor "a\.weight" is of type I8: .* by a scheme that is not named, /,
    );
    assert.match(
      await opened('scaled', { 'a.weight': 'BF16', 'a.weight_scale': 'F32' }),
      /"a\.weight" is of type BF16 with "a\.weight_scale" beside it: /,
    );
  });
});

/** A safetensors file of matrices (2, 2) of zeros. */
function squares(types: Readonly<Record<string, string>>): Buffer {
  const bytes: Readonly<Record<string, number>> = {
    BF16: 2,
    BOOL: 1,
    F16: 2,
    F32: 4,
    F8_E4M3: 1,
    I64: 8,
    I8: 1,
  };
  let end = 0;
  const header = Object.fromEntries(
    Object.entries(types).map(([name, dtype]) => {
      const start = end;
      end += 4 * (bytes[dtype] ?? 1);
      return [name, { dtype, shape: [2, 2], data_offsets: [start, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(end)]);
}

import { isRecord } from '../common/values.js';
import { parseJson, type Json } from '../formats/json-text.js';
import { quoted } from '../formats/untrusted.js';
import { listOf, type Config } from './config.js';
import { ModelError } from './error.js';
import type { Weight } from './weight-files.js';

/** "quant_method" → what people call the scheme; one that is not here goes by the method's own name. */
const schemes: ReadonlyMap<string, string> = new Map([
  ['aqlm', 'AQLM'],
  ['auto-round', 'AutoRound'],
  ['awq', 'AWQ'],
  ['bitnet', 'BitNet'],
  ['bitsandbytes', 'bitsandbytes'],
  ['bitsandbytes_4bit', 'bitsandbytes (4-bit)'],
  ['bitsandbytes_8bit', 'bitsandbytes (8-bit, LLM.int8)'],
  ['compressed-tensors', 'compressed-tensors'],
  ['eetq', 'EETQ'],
  ['fbgemm_fp8', 'FBGEMM FP8'],
  ['fp8', 'FP8'],
  ['fp_quant', 'FP-Quant'],
  ['gptq', 'GPTQ'],
  ['higgs', 'HIGGS'],
  ['hqq', 'HQQ'],
  ['modelopt', 'ModelOpt'],
  ['mxfp4', 'MXFP4'],
  ['quanto', 'Quanto'],
  ['quark', 'Quark'],
  ['spqr', 'SpQR'],
  ['torchao', 'torchao'],
  ['vptq', 'VPTQ'],
]);

/** Files that only quantised checkpoints have, for whoever wrote nothing into config.json. */
const files: readonly (readonly [file: string, scheme: string])[] = [
  ['quantize_config.json', 'GPTQ'],
  ['quant_config.json', 'AWQ or HQQ'],
  ['hf_quant_config.json', 'ModelOpt'],
  ['quanto_qmap.json', 'Quanto'],
  ['quantization_map.json', 'Quanto'],
  ['qmodel.pt', 'HQQ'],
];

/** What stands beside or instead of a quantised weight, by the end of its name; the more telling ones first. */
const marks: readonly (readonly [name: RegExp, scheme: string])[] = [
  [/\.SCB$/, 'bitsandbytes (8-bit, LLM.int8)'],
  [/\.weight_format$/, 'bitsandbytes (8-bit, LLM.int8)'],
  [/\.(?:nested_)?(?:absmax|quant_map)$|\.quant_state\.bitsandbytes__\w+$/, 'bitsandbytes (4-bit)'],
  [/\.qweight$|\.qzeros$|\.g_idx$/, 'GPTQ or AWQ'],
  [/_scale_inv$/, 'FP8'],
  [/\.weight_packed$|\.weight_global_scale$|\.weight_zero_point$/, 'compressed-tensors'],
  [/_blocks$/, 'MXFP4'],
  [/\.weight\._(?:data|scale|shift)$/, 'Quanto'],
  [/\.W_q$/, 'HQQ'],
  [/[:_]qdata$/, 'torchao'],
  [/\.codebooks$|\.codes$/, 'AQLM'],
  [/\.centroids$/, 'VPTQ'],
];

/** The last part of the names of what weights are multiplied with, or moved by, before they mean anything. */
const scaleLike = /scale|absmax|zero_?point|zeros|codebook|^SCB$/i;

/** Scales of what attention keeps, not of weights. */
const ofCache = /^(?:[kqv]|kv|prob)_scale$/;

/** Types that hold numbers as they are; every format spells them in its own way. */
const plainTypes: ReadonlySet<string> = new Set([
  'F16',
  'F32',
  'F64',
  'BF16',
  'float16',
  'float32',
  'float64',
  'bfloat16',
]);
const smallFloats = /^(?:F8_|float8_)/;

/**
 * @param present the names of the files beside config.json
 * @throws ModelError naming the scheme, where settings or files say that weights are quantised
 */
export function refuseQuantised(config: Config, present: Iterable<string>): void {
  const said = schemeOf(config);
  if (said !== undefined) throw new ModelError(`${config.where} says that ${refusalOf(said)}`);
  const names = new Set(present);
  const found = files.find(([file]) => names.has(file));
  if (found !== undefined) {
    const [file, scheme] = found;
    throw new ModelError(`${config.where} lies beside ${file}, by which ${refusalOf(scheme)}`);
  }
}

/** What the settings call the scheme; undefined where they name none. */
function schemeOf(config: Config): string | undefined {
  const inner = config.raw('text_config');
  for (const name of ['quantization_config', 'compression_config', 'quantization', 'quant_config']) {
    for (const value of [config.raw(name), isRecord(inner) ? inner[name] : undefined]) {
      if (value === undefined || value === null || value === false) continue;
      const scheme = isRecord(value) ? schemeIn(value, name) : unnamed;
      if (scheme !== undefined) return scheme;
    }
  }
  return undefined;
}

/** undefined where nothing is quantised: an empty section, or bitsandbytes with both widths switched off. */
function schemeIn(value: { readonly [name: string]: Json }, section: string): string | undefined {
  if (Object.keys(value).length === 0) return undefined;
  const method = typeof value['quant_method'] === 'string' ? value['quant_method'].toLowerCase() : undefined;
  const [four, eight] = ['4', '8'].map((bits) => value[`load_in_${bits}bit`] ?? value[`_load_in_${bits}bit`]);
  if (method === 'bitsandbytes' || (method === undefined && (four !== undefined || eight !== undefined))) {
    if (four === true) {
      const type = value['bnb_4bit_quant_type'];
      return `bitsandbytes (4-bit${typeof type === 'string' ? `, ${shown(type)}` : ''})`;
    }
    if (eight === true) return schemes.get('bitsandbytes_8bit');
    return four === false && eight === false ? undefined : schemes.get('bitsandbytes');
  }
  if (method !== undefined) return schemes.get(method) ?? shown(method);
  if (section === 'compression_config') return 'compressed-tensors';
  if (section === 'quantization' && value['bits'] !== undefined) return 'MLX';
  return unnamed;
}

/** A word from a file, as far as a sentence bears it. */
function shown(word: string): string {
  const { length } = word;
  return /^[\w .+-]*$/.test(word) && length <= 40 ? word : quoted(word);
}

/** What is known of a weight before its numbers are. */
interface DescribedWeight {
  readonly tensor: Pick<Weight['tensor'], 'dtype' | 'shape'>;
  readonly file: string;
}

/**
 * As `refuseQuantisedTensors`, by what files of weights say of themselves before their numbers.
 * @param headers JSON: headers of safetensors files, and indices of several
 * @throws ModelError; what is no JSON of this kind is told where the files are read
 */
export function refuseQuantisedHeaders(
  checkpoint: string,
  headers: readonly { readonly file: string; readonly text: string }[],
): void {
  const weights = new Map<string, DescribedWeight>();
  for (const { file, text } of headers) {
    const header = parsed(text, file);
    const map = header['weight_map'];
    for (const name of Object.keys(isRecord(map) ? map : {})) {
      // Of its type an index says nothing.
      if (!weights.has(name)) weights.set(name, { tensor: { dtype: 'F32', shape: [] }, file });
    }
    for (const [name, value] of Object.entries(header)) {
      const { dtype, shape } = isRecord(value) ? value : {};
      if (typeof dtype !== 'string' || !Array.isArray(shape)) continue;
      const extents = listOf(shape).filter((extent) => typeof extent === 'number');
      weights.set(name, { tensor: { dtype, shape: extents }, file });
    }
  }
  refuseQuantisedTensors(checkpoint, weights);
}

function parsed(text: string, where: string): { readonly [name: string]: Json } {
  try {
    const value = parseJson(text, where, { maxDepth: 8 });
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** @throws ModelError where the tensors of a checkpoint are quantised weights, whatever its settings say. */
export function refuseQuantisedTensors(
  checkpoint: string,
  weights: ReadonlyMap<string, DescribedWeight>,
): void {
  for (const [tensor, { file }] of weights) {
    const mark = marks.find(([form]) => form.test(tensor));
    if (mark !== undefined) {
      throw new ModelError(
        `${checkpoint}: ${file}: with the tensor ${quoted(tensor)} in it, ${refusalOf(mark[1])}`,
      );
    }
  }
  const scales = new Map<string, string>();
  for (const tensor of weights.keys()) {
    const [module, last] = splitName(tensor);
    if (scaleLike.test(last) && !ofCache.test(last) && !scales.has(module)) scales.set(module, tensor);
  }
  for (const [name, { tensor, file }] of weights) {
    const [module, last] = splitName(name);
    if (tensor.shape.length < 2 || scaleLike.test(last)) continue;
    const isSmall = smallFloats.test(tensor.dtype);
    const isPlain = plainTypes.has(tensor.dtype);
    // Scales of 8-bit weights may be kept together, in a module of their own.
    const [any] = isSmall ? scales.values() : [];
    const scale = scales.get(module) ?? scales.get(name) ?? any;
    // A name such as "weight_scale" says itself what is to be scaled.
    const isScaled =
      scale !== undefined && (!isPlain || (last === 'weight' && splitName(scale)[1].startsWith('weight')));
    const isWhole = !isPlain && !isSmall && last.endsWith('weight');
    if (!isScaled && !isWhole) continue;
    const beside = scale === undefined ? '' : ` with ${quoted(scale)} beside it`;
    throw new ModelError(
      `${checkpoint}: ${file}: the tensor ${quoted(name)} is of type ${shown(tensor.dtype)}${beside}: ${refusalOf(isSmall ? 'FP8' : unnamed)}`,
    );
  }
}

const unnamed = 'a scheme that is not named';
const advice = 'Open the checkpoint that it was made from, or a GGUF file of the same model.';

function refusalOf(scheme: string): string {
  return `its weights are quantised by ${scheme}, which is not read here. ${advice}`;
}

/** "layers.0.q_proj.weight_scale" → "layers.0.q_proj" and "weight_scale". */
function splitName(tensor: string): [module: string, last: string] {
  const dot = tensor.lastIndexOf('.');
  return [tensor.slice(0, Math.max(0, dot)), tensor.slice(dot + 1)];
}

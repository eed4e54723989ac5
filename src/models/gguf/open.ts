import { wholeOf } from '../../engine/tensor.js';
import type { NamedTensor } from '../../formats/format.js';
import { openGguf } from '../../formats/gguf.js';
import type { Json } from '../../formats/json-text.js';
import { FormatError, openFile, whyNotOpened, type ByteSource } from '../../formats/source.js';
import { quoted, stemOf } from '../../formats/untrusted.js';
import type { Platform } from '../../platform/platform.js';
import type { CheckpointParts } from '../checkpoint.js';
import { Config } from '../config.js';
import { ModelError, named } from '../error.js';
import { reasonOf } from '../../common/values.js';
import type { Weight } from '../weight-files.js';
import { rowsOf } from './derived.js';
import { ggufFamilies, type GgufFamily } from './families.js';
import { Metadata } from './metadata.js';
import { describeTokenizer } from './tokenizer.js';

/** Whether a path is that of a GGUF file, by its name. */
export function isGgufPath(path: string): boolean {
  return path.toLowerCase().endsWith('.gguf');
}

/**
 * Opens a GGUF file as a checkpoint, under the names and settings that a Hugging Face folder would have.
 * @throws ModelError when it is damaged, its architecture is not known here, or a tensor has a type that is not read
 */
export async function openGgufFile(platform: Platform, path: string): Promise<CheckpointParts> {
  const { files, paths } = platform;
  const file = paths.basename(path);
  let source: ByteSource;
  try {
    source = await openFile(platform, path);
  } catch (error) {
    if (error instanceof FormatError) throw new ModelError(error.message, { cause: error });
    throw new ModelError(`${file} cannot be opened: ${whyNotOpened(error)}.`, { cause: error });
  }
  try {
    const real = await files.realpath(path);
    return await partsOf(source, { folder: paths.dirname(real), file: paths.basename(real) });
  } catch (error) {
    await source.close();
    // A sentence about the file begins with its name already.
    const reason = reasonOf(error);
    throw reason.startsWith(file) ? new ModelError(reason, { cause: error }) : named(error, file);
  }
}

async function partsOf(
  source: ByteSource,
  place: { readonly folder: string; readonly file: string },
): Promise<CheckpointParts> {
  const { tensors, skipped, metadata: values } = await openGguf(source);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const metadata = new Metadata(source.name, values, shapes);
  if ((metadata.count('split.count') ?? 1) > 1) {
    throw new ModelError(
      `${source.name} is one of several files of a model; such are not read, only whole ones.`,
    );
  }
  const [unreadable] = skipped ?? [];
  if (unreadable !== undefined) throw new ModelError(unreadable.reason);
  const family = familyOf(metadata);
  const weights = new Map<string, Weight>();
  for (const tensor of tensors) {
    for (const [name, changed] of renamed(tensor, family, metadata)) {
      weights.set(name, { tensor: { ...changed, name: tensor.name }, file: source.name, place });
    }
  }
  const factors = tensors.find(({ name }) => name === 'rope_freqs.weight');
  const config = {
    vocab_size: metadata.rows('token_embd.weight'),
    tie_word_embeddings: !metadata.has('output.weight'),
    ...family.settings(metadata),
    ...(factors && { rope_scaling: await divisors(factors) }),
  };
  const said = Object.entries(config).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return {
    name: stemOf(source.name),
    config: Config.of(Object.fromEntries(said), `${source.name}: its metadata`),
    settings: 'its metadata',
    tokenizer: 'tokenizer in its metadata',
    weights,
    sources: [source],
    json: (name) => Promise.resolve(jsonOf(name, metadata)),
  };
}

function familyOf(metadata: Metadata): GgufFamily {
  const { architecture, file } = metadata;
  const family = Object.hasOwn(ggufFamilies, architecture) ? ggufFamilies[architecture] : undefined;
  if (family !== undefined) return family;
  const known = Object.keys(ggufFamilies).map(quoted).join(', ');
  throw new ModelError(
    architecture === ''
      ? `${file} is no model: its metadata does not say "general.architecture"; ${known} can be read.`
      : `${file} holds a model of the architecture ${quoted(architecture)}; only ${known} can be read.`,
  );
}

/** A tensor under the names that Hugging Face has for it, as it was before it was converted. */
function renamed(tensor: NamedTensor, family: GgufFamily, metadata: Metadata): [string, NamedTensor][] {
  const [, layer, own = tensor.name] = /^blk\.(\d+)\.(.*)$/.exec(tensor.name) ?? [];
  const [, stem = own, ending = ''] = /^(.*)(\.(?:weight|bias))$/.exec(own) ?? [];
  const place = (name: string): string => name.replace(/^layer\./, `${family.layer}${layer}.`) + ending;
  const name = Object.hasOwn(family.names, stem) ? family.names[stem] : undefined;
  // A setting of the same name may stand outside of layers: "output_norm", "attn_norm".
  if (name !== undefined && name.startsWith('layer.') === (layer !== undefined)) {
    return [[place(name), family.change?.(own, metadata)?.(tensor) ?? tensor]];
  }
  return stem === 'attn_qkv' && layer !== undefined ? split(tensor, family, metadata, ending, place) : [];
}

/** Queries, keys and values in one weight, of a family that has one for each. */
function split(
  tensor: NamedTensor,
  family: GgufFamily,
  metadata: Metadata,
  ending: string,
  place: (name: string) => string,
): [string, NamedTensor][] {
  const heads = metadata.number('attention.head_count') ?? 1;
  const groups = metadata.number('attention.head_count_kv') ?? heads;
  const size = (tensor.shape[0] ?? 0) / (heads + 2 * groups);
  if (!Number.isInteger(size)) return [];
  let end = 0;
  return (['attn_q', 'attn_k', 'attn_v'] as const).flatMap((part) => {
    const start = end;
    end += (part === 'attn_q' ? heads : groups) * size;
    const name = family.names[part];
    if (name === undefined) return [];
    const rows = rowsOf(tensor, start, end);
    return [[place(name), family.change?.(part + ending, metadata)?.(rows) ?? rows]] as [
      string,
      NamedTensor,
    ][];
  });
}

/** What each pair's frequency is divided by; Llama 3.1 keeps its scaling this way. */
async function divisors(tensor: NamedTensor): Promise<Json> {
  const { data } = await tensor.read(wholeOf(tensor.shape));
  return { rope_type: 'divided', divisors: [...data] };
}

function jsonOf(name: string, metadata: Metadata): Json | undefined {
  switch (name) {
    case 'tokenizer.json':
      return describeTokenizer(metadata);
    case 'generation_config.json': {
      const keys = ['eos_token_id', 'eot_token_id', 'eom_token_id'];
      return { eos_token_id: keys.flatMap((key) => metadata.count(`tokenizer.ggml.${key}`) ?? []) };
    }
    default:
      return undefined;
  }
}

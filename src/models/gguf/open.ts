import { wholeOf } from '../../engine/tensor.js';
import type { NamedTensor } from '../../formats/format.js';
import type { Json } from '../../formats/json-text.js';
import { FormatError, whyNotOpened, type ByteSource } from '../../formats/source.js';
import { quoted, stemOf } from '../../formats/untrusted.js';
import type { Platform } from '../../platform/platform.js';
import type { CheckpointParts } from '../checkpoint.js';
import { divisorsName } from '../architectures/parts/rotary.js';
import { Config } from '../config.js';
import { ModelError, named } from '../error.js';
import { reasonOf } from '../../common/values.js';
import type { Weight } from '../weight-files.js';
import { rowsOf } from './derived.js';
import { ggufFamilies, type GgufFamily } from './families.js';
import { Metadata } from './metadata.js';
import { settingIn, tensorIn } from './names.js';
import { openParts, stemOfParts, type GgufPart } from './parts.js';
import { describeTokenizer } from './tokenizer.js';

/** Whether a path is that of a GGUF file, by its name. */
export function isGgufPath(path: string): boolean {
  return path.toLowerCase().endsWith('.gguf');
}

/**
 * Opens a GGUF file as a checkpoint, with the other files of the same model where it is one of several, under the names and settings that
 * a Hugging Face folder would have.
 * @throws ModelError when it is damaged, its architecture is not known here, or a tensor has a type that is not read
 */
export async function openGgufFile(platform: Platform, path: string): Promise<CheckpointParts> {
  const file = platform.paths.basename(path);
  const sources: ByteSource[] = [];
  try {
    return await partsOf(await openParts(platform, path, sources), sources);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    if (sources.length === 0) {
      if (error instanceof FormatError) throw new ModelError(error.message, { cause: error });
      throw new ModelError(`${file} cannot be opened: ${whyNotOpened(error)}.`, { cause: error });
    }
    // A sentence about the file begins with its name already.
    const reason = reasonOf(error);
    throw reason.startsWith(file) ? new ModelError(reason, { cause: error }) : named(error, file);
  }
}

async function partsOf(
  parts: readonly [GgufPart, ...GgufPart[]],
  sources: readonly ByteSource[],
): Promise<CheckpointParts> {
  const [{ source, contents }] = parts;
  const all = parts.flatMap((part) => part.contents.tensors.map((tensor) => ({ tensor, part })));
  const shapes = new Map(all.map(({ tensor }) => [tensor.name, tensor.shape]));
  const metadata = new Metadata(source.name, contents.metadata, shapes);
  const family = familyOf(metadata);
  const [unreadable] = parts.flatMap((part) => part.contents.skipped ?? []);
  if (unreadable !== undefined) throw new ModelError(unreadable.reason);
  const weights = new Map<string, Weight>();
  for (const { tensor, part } of all) {
    for (const [name, changed] of renamed(tensor, family, metadata)) {
      weights.set(name, { tensor: changed, file: part.source.name, place: part.place });
    }
  }
  const factors = all.find(({ tensor }) => tensor.name === divisorsName)?.tensor;
  const config = {
    vocab_size: metadata.rows('token_embd.weight'),
    tie_word_embeddings: !metadata.has('output.weight'),
    ...family.settings(metadata),
    ...(factors && { rope_scaling: await divisors(factors) }),
  };
  const said = Object.entries(config).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return {
    name: stemOf(stemOfParts(source.name)),
    config: Config.of(Object.fromEntries(said), `${source.name}: its metadata`, (name) =>
      settingIn(metadata.architecture, name),
    ),
    settings: 'its metadata',
    tokenizer: 'tokenizer in its metadata',
    weights,
    sources,
    nameOf: (name) => weights.get(name)?.tensor.name ?? tensorIn(family, name),
    json: (name) => Promise.resolve(jsonOf(name, metadata)),
  };
}

/** What a GGUF file holds that is no model by itself: its "general.type" → what to do. */
const otherKinds: ReadonlyMap<string, string> = new Map([
  [
    'adapter',
    'an adapter (LoRA): it changes a model, and is none by itself. Open the model that it was made for',
  ],
  [
    'mmproj',
    'what a model sees or hears with, and no model by itself. Open the language model that belongs to it',
  ],
  ['imatrix', 'statistics for quantisation, and no model'],
  ['vocab', 'a vocabulary without a model'],
]);

function familyOf(metadata: Metadata): GgufFamily {
  const { architecture, file } = metadata;
  const kind = metadata.text('general.type') ?? (metadata.text('adapter.type') && 'adapter') ?? 'model';
  const other = otherKinds.get(kind);
  if (other !== undefined) throw new ModelError(`${file} holds ${other}.`);
  const experts = metadata.number('expert_count') ?? 0;
  if (experts > 0) {
    throw new ModelError(
      `${file} holds a mixture of experts ("${architecture}.expert_count" is ${experts}), as Mixtral is; such models are not read.`,
    );
  }
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
  return { [divisorsName]: [...data] };
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

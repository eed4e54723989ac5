import type { Format, NamedTensor } from '../formats/format.js';
import { pytorch } from '../formats/pytorch.js';
import { safetensors } from '../formats/safetensors.js';
import type { ByteSource } from '../formats/source.js';
import { quoted } from '../formats/untrusted.js';
import type { Platform } from '../platform/platform.js';
import { isRecord } from '../common/values.js';
import { ModelError } from './error.js';
import { readJson, type CheckpointFolder } from './folder.js';

const MAX_INDEX_BYTES = 1 << 26;
const MAX_SHARDS = 1024;

/** Files that a folder's weights may lie in: a single one, or shards with an index of what is where. */
interface WeightFiles {
  readonly format: Format;
  readonly single: string;
  readonly index: string;
}

/** In the order in which they are looked for; a further kind of file is a line here. */
const kinds: readonly WeightFiles[] = [
  { format: safetensors, single: 'model.safetensors', index: 'model.safetensors.index.json' },
  { format: pytorch, single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json' },
];

/** What the files of weights are called. */
const weightFiles: readonly string[] = kinds.flatMap(({ single, index }) => [single, index]);

/** Where a file's raw numbers lie on disk. */
export type Place = Awaited<ReturnType<CheckpointFolder['locate']>>;

/** A checkpoint's weight, and the file that it is in. */
export interface Weight {
  readonly tensor: NamedTensor;
  readonly file: string;
  readonly place: Place;
}

/** Whether a folder has weights that can be read, by the names of its files. */
export function hasWeights(files: ReadonlySet<string>): boolean {
  return hasOwnWeights(files) || files.has('model.bin');
}

/** Whether they are in Hugging Face's form, rather than in CTranslate2's. */
export function hasOwnWeights(files: ReadonlySet<string>): boolean {
  return weightFiles.some((file) => files.has(file));
}

/**
 * Opens the files of weights of a folder; those that were opened are in `sources`, also when it fails.
 * @throws ModelError or FormatError when there are none, or one is missing or damaged
 */
export async function openWeights(
  platform: Platform,
  folder: CheckpointFolder,
  files: ReadonlySet<string>,
  sources: ByteSource[],
): Promise<Map<string, Weight>> {
  const kind = kinds.find(({ single, index }) => files.has(single) || files.has(index));
  if (kind === undefined) throw noWeights(folder, files);
  const shards = files.has(kind.single)
    ? new Map<string, ReadonlySet<string> | undefined>([[kind.single, undefined]])
    : await readIndex(folder, kind.index);
  const weights = new Map<string, Weight>();
  for (const [file, expected] of shards) {
    if (!files.has(file)) {
      throw new ModelError(`${folder.name}: the file ${quoted(file)} that ${kind.index} names is missing.`);
    }
    const source = await folder.open(file);
    sources.push(source);
    const place = await folder.locate(file);
    const { tensors } = await kind.format.open(platform, sourceNamed(source, file));
    for (const tensor of tensors) {
      if (expected?.has(tensor.name) !== false) weights.set(tensor.name, { tensor, file, place });
    }
  }
  return weights;
}

/** The same bytes under the name that the folder has for them: behind a link they may have another. */
function sourceNamed(source: ByteSource, name: string): ByteSource {
  return {
    name,
    size: source.size,
    read: (offset, length) => source.read(offset, length),
    close: () => source.close(),
  };
}

function noWeights(folder: CheckpointFolder, files: ReadonlySet<string>): ModelError {
  const names = [...files].toSorted();
  const shards = names.filter((file) => /-\d{5}-of-\d{5}\.(?:safetensors|bin)$/i.test(file));
  const variants = names.filter((file) =>
    /^(?:model|pytorch_model)\.[\w-]+\.(?:safetensors|bin)$/i.test(file),
  );
  const original = names.filter((file) => /^consolidated[\w.-]*\.(?:safetensors|pth?)$/i.test(file));
  const others = names.filter((file) => /\.(?:bin|h5|msgpack|gguf|onnx|ckpt|pth?)$/i.test(file));
  const some = (list: readonly string[]): string => list.slice(0, 3).map(quoted).join(', ');
  const start = `The folder ${folder.name}`;
  if (shards.length > 0) {
    return new ModelError(
      `${start} holds shards of weights (${some(shards)}) without their index: ${kinds.map(({ index }) => index).join(' or ')}, which says what is in which, is missing.`,
    );
  }
  if (variants.length > 0) {
    return new ModelError(
      `${start} holds its weights only as a variant, ${some(variants)}, which is not looked for. Name the file ${kinds.map(({ single }) => single).join(' or ')} to have it read.`,
    );
  }
  if (original.length > 0) {
    return new ModelError(
      `${start} holds its weights as ${some(original)}, under the names of their maker’s own code, which are not read. Hugging Face’s form of the model has ${kinds[0]?.single ?? ''} or shards of it.`,
    );
  }
  const hint = others.length > 0 ? `; ${some(others)} ${others.length === 1 ? 'is' : 'are'} not read` : '';
  return new ModelError(
    `${start} holds no weights: neither ${kinds.map(({ single }) => single).join(' nor ')} nor an index of shards is in it${hint}.`,
  );
}

/** Shard → the tensors that the index says are in it. */
async function readIndex(folder: CheckpointFolder, index: string): Promise<Map<string, ReadonlySet<string>>> {
  const content = await readJson(folder, index, MAX_INDEX_BYTES);
  const map = isRecord(content) ? content['weight_map'] : undefined;
  if (!isRecord(map)) throw new ModelError(`${folder.name}: ${index} has no "weight_map".`);
  const shards = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !isPlainName(file)) {
      throw new ModelError(
        `${folder.name}: ${index} puts the tensor ${quoted(tensor)} into ${quoted(JSON.stringify(file))}, which is not the name of a file in the same folder.`,
      );
    }
    const shard = shards.get(file) ?? new Set();
    shards.set(file, shard.add(tensor));
  }
  if (shards.size > MAX_SHARDS) {
    throw new ModelError(`${folder.name}: ${index} names ${shards.size} files, more than ${MAX_SHARDS}.`);
  }
  return shards;
}

/** A file directly inside the folder, on every system: no separator, no drive, not a way out. */
function isPlainName(file: string): boolean {
  return file !== '' && file !== '.' && file !== '..' && !/[\\/:\0]/.test(file);
}

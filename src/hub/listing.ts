import { isRecord } from '../common/values.js';
import type { IncomingMessage } from 'node:http';
import type { HubClient } from './client.js';
import { HubError } from './error.js';
import type { HubReference } from './reference.js';

/** A file of a repository. */
export interface HubFile {
  /** Relative, with slashes; safe to write below a folder. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** What its bytes have to come to: SHA-256 for large files, for others the SHA-1 that git names them by. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly value: string } | undefined;
}

export interface HubListing {
  readonly id: string;
  /** The commit that the revision stood for when it was asked. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** One way to fetch a model: all files that it takes. */
export interface HubChoice {
  /** "safetensors", "model-Q4_K_M.gguf" */
  readonly title: string;
  readonly kind: 'folder' | 'file';
  readonly files: readonly HubFile[];
  /** In bytes. */
  readonly size: number;
}

/** Far more than any repository's list has. */
const mostBytes = 1 << 25;

/** What is read beside weights. */
const beside: ReadonlySet<string> = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'special_tokens_map.json',
  'vocab.json',
  'source.spm',
  'target.spm',
  'target_vocab.json',
  // What changes the weights, which has to be told.
  'adapter_config.json',
]);

/** What a repository holds. @throws HubError */
export async function listFiles(
  client: HubClient,
  { id, revision }: HubReference,
  signal?: AbortSignal,
): Promise<HubListing> {
  const path = `/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const text = await textOf(await client.get(path, { signal }), `The list of the files of ${id}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HubError(`What ${client.settings.endpoint} says of ${id} is no JSON: is it a hub?`);
  }
  const commit = isRecord(value) ? value['sha'] : undefined;
  const siblings = isRecord(value) ? value['siblings'] : undefined;
  if (typeof commit !== 'string' || !/^[0-9a-f]{7,64}$/.test(commit) || !isList(siblings)) {
    throw new HubError(`What ${client.settings.endpoint} says of ${id} is no list of files: is it a hub?`);
  }
  return { id, commit, files: siblings.flatMap(fileOf) };
}

/** The text of a small file. @throws HubError; the signal's reason when aborted */
export async function readText(
  client: HubClient,
  { id, commit }: Pick<HubListing, 'id' | 'commit'>,
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  return textOf(await client.get(addressOf(id, commit, path), { signal }), `${path} of ${id}`);
}

/** Where a hub has a file. */
export function addressOf(id: string, commit: string, path: string): string {
  return `/${id}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * The ways to fetch a model from a repository, the usual one first.
 * @throws HubError where nothing in it can be read
 */
export function choicesOf({ id, files }: HubListing): readonly HubChoice[] {
  const at = (form: RegExp): HubFile[] => files.filter(({ path }) => form.test(path));
  const around = files.filter(({ path }) => beside.has(path));
  // A single file before shards of the same, as they are looked for when they are read.
  const either = (single: RegExp, shards: RegExp): HubFile[] => {
    const found = at(single);
    return found.length > 0 ? found : at(shards);
  };
  const safe = either(
    /^model\.safetensors$/,
    /^model-\d+-of-\d+\.safetensors$|^model\.safetensors\.index\.json$/,
  );
  const weights =
    safe.length > 0
      ? safe
      : either(/^pytorch_model\.bin$/, /^pytorch_model-\d+-of-\d+\.bin$|^pytorch_model\.bin\.index\.json$/);
  const has = (...names: readonly string[]): boolean =>
    names.every((name) => around.some(({ path }) => path === name));
  const readsImages = has('preprocessor_config.json') || has('processor_config.json');
  const folder =
    weights.length > 0 &&
    has('config.json') &&
    (has('tokenizer.json') || has('source.spm', 'vocab.json') || readsImages)
      ? [choice(safe.length > 0 ? 'safetensors' : 'pytorch_model.bin', 'folder', [...around, ...weights])]
      : [];
  const single = at(/\.gguf$/i).flatMap((file) => {
    const [, stem, at, count] = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(file.path) ?? [];
    if (count === undefined) return [choice(file.path, 'file', [file])];
    // Of several files the first stands for all, where all are there.
    if (Number(at) !== 1) return [];
    const parts = files.filter(
      ({ path }) => path.startsWith(`${stem}-`) && path.toLowerCase().endsWith(`-of-${count}.gguf`),
    );
    return parts.length === Number(count) ? [choice(file.path, 'file', parts)] : [];
  });
  const all = [...folder, ...single, ...exportsOf(files, around)];
  if (all.length > 0) return all;
  throw new HubError(
    `${id} holds nothing that can be read here: config.json and tokenizer.json, or preprocessor_config.json of a model for images, with model.safetensors or pytorch_model.bin, a .gguf file, or an .onnx export with tokenizer.json or preprocessor_config.json.`,
  );
}

/** What says how texts or images are put to an export. */
const readBeside: ReadonlySet<string> = new Set(['tokenizer.json', 'preprocessor_config.json']);

/** ONNX exports with the files that hold their weights; not the halves that want another model's output. */
function exportsOf(files: readonly HubFile[], around: readonly HubFile[]): HubChoice[] {
  if (!around.some(({ path }) => readBeside.has(path))) return [];
  return files
    .filter(({ path }) => /^(?:onnx\/)?[^/]+\.onnx$/.test(path) && !/_merged|with_past/.test(path))
    .map((file) => {
      const weights = files.filter(({ path }) => path !== file.path && path.startsWith(file.path));
      return choice(file.path, 'file', [file, ...weights, ...around]);
    });
}

function choice(title: string, kind: HubChoice['kind'], files: readonly HubFile[]): HubChoice {
  return { title, kind, files, size: files.reduce((sum, { size }) => sum + size, 0) };
}

function fileOf(entry: unknown): HubFile[] {
  if (!isRecord(entry)) return [];
  const { rfilename: path, size, blobId, lfs } = entry;
  if (typeof path !== 'string' || !isSafe(path)) return [];
  const large = isRecord(lfs) ? lfs : {};
  const bytes = typeof size === 'number' ? size : large['size'];
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) return [];
  const sha256 = large['sha256'] ?? large['oid'];
  const hash =
    typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
      ? ({ kind: 'sha256', value: sha256 } as const)
      : typeof blobId === 'string' && /^[0-9a-f]{40}$/.test(blobId)
        ? ({ kind: 'git', value: blobId } as const)
        : undefined;
  return [{ path, size: bytes, hash }];
}

/** Whether a path stays below the folder that it is written to, on every system. */
function isSafe(path: string): boolean {
  return path
    .split('/')
    .every(
      (part) =>
        /^[A-Za-z0-9_][A-Za-z0-9_.+ =-]{0,200}$/.test(part) &&
        !/[. ]$/.test(part) &&
        !/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(part),
    );
}

async function textOf(reply: IncomingMessage, what: string): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of reply) {
      if (!Buffer.isBuffer(part)) continue;
      size += part.length;
      if (size > mostBytes) throw new HubError(`${what} is absurdly long.`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof HubError) throw error;
    throw new HubError(`${what} broke off.`, { cause: error });
  }
  return Buffer.concat(parts).toString('utf8');
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

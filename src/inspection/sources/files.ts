import type { TensorSource } from '../../engine/tensor.js';
import { openTensors, tokensBeside, type Contents } from '../../formats/index.js';
import { FormatError, fromBytes, openFile, type ByteSource } from '../../formats/source.js';
import type { Paths } from '../../platform/paths.js';
import type { Platform } from '../../platform/platform.js';
import type { FileReference, RoleQuestion } from '../../protocol.js';
import type { Preparation } from '../core/preparation.js';
import type { Source } from '../core/source.js';
import { readFileMasks, splitAnswers } from './mask-meanings.js';
import { findRoles, type Candidate } from './roles.js';
import { TensorPreparation, type TensorInputs } from './tensors.js';

/** Matrix files, run through a mechanism. */
export const filesSource: Source = {
  id: 'files',
  async open({ material, by }, { platform, runtime }, task) {
    if (material.kind !== 'files') return undefined;
    const { files, roles } = material;
    const opened = await openFiles(platform, files, { roles, mechanism: by?.mechanism, signal: task.signal });
    if (opened.kind === 'question') return opened;
    try {
      const preparation = new TensorPreparation(opened.inputs, runtime);
      return { kind: 'preparation', preparation: namingFiles(preparation, opened.inputs.title) };
    } catch (error) {
      await opened.inputs.close?.();
      throw nameFiles(error, opened.inputs.title);
    }
  },
};

/** Its errors say what does not fit; the files' names say where. */
function namingFiles(preparation: Preparation, title: string): Preparation {
  return {
    async prepare(setting, task) {
      try {
        return await preparation.prepare(setting, task);
      } catch (error) {
        throw nameFiles(error, title);
      }
    },
    dispose: () => preparation.dispose(),
  };
}

function nameFiles(error: unknown, title: string): Error {
  if (!(error instanceof Error)) return new Error(`${title}: ${String(error)}`);
  if (error.message.includes(title) || error.name === 'AbortError') return error;
  const named = new Error(`${title}: ${error.message}`, { cause: error });
  named.name = error.name;
  return named;
}

/** Files as a mechanism's inputs, or what has to be asked first. Files stay open until `close`. */
type OpenedFiles =
  | { readonly kind: 'inputs'; readonly inputs: TensorInputs }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

/**
 * Opens files and finds out what their tensors are.
 * @param roles what a person has answered: tensor key → role
 * @throws FormatError, a sentence naming file, tensor and reason
 */
async function openFiles(
  platform: Platform,
  files: readonly FileReference[],
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly roles?: Readonly<Record<string, string>> | undefined;
    readonly mechanism?: string | undefined;
  },
): Promise<OpenedFiles> {
  if (files.length === 0) throw new FormatError('No file was given.');
  const sources: ByteSource[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const candidates: Candidate[] = [];
    const skipped: string[] = [];
    const found: { readonly file: string; readonly tokens: Contents['tokens'] }[] = [];
    for (const file of files) {
      const source = await openReference(platform, file);
      sources.push(source);
      const contents = await openTensors(platform, source, options.signal);
      skipped.push(...(contents.skipped ?? []).map(({ name, reason }) => `${name} was left out: ${reason}`));
      if (contents.tensors.length === 0) throw new FormatError(`${source.name} holds no tensor.`);
      for (const tensor of contents.tensors) {
        candidates.push({
          key: `${candidates.length}:${source.name}/${tensor.name}`,
          name: tensor.name,
          file: source.name,
          source: tensor,
        });
      }
      found.push({
        file: source.name,
        tokens: { ...contents.tokens, ...(await wordsBeside(platform, file)) },
      });
    }
    const answers = options.roles === undefined ? undefined : splitAnswers(options.roles);
    const roles = await findRoles(candidates, answers?.roles);
    if (roles.kind === 'question') {
      await close();
      return roles;
    }
    const masks = await readFileMasks(candidates, roles.tensors, answers?.told ?? new Map(), options.signal);
    if (masks.kind === 'question') {
      await close();
      return masks;
    }
    return {
      kind: 'inputs',
      inputs: {
        title: titleOf(files.map((file) => nameOf(file, platform.paths))),
        tensors: roles.tensors,
        meanings: masks.meanings,
        notices: [...roles.notices, ...skipped],
        mechanism: options.mechanism,
        words: wordsOf(found, sidesOf(candidates, roles.tensors)),
        likelyWords: await wordsInFolder(platform, files),
        close,
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Side = 'query' | 'key';

/** The sides that a file's tensors have rows for, where all of them stand on one. */
function sidesOf(
  candidates: readonly Candidate[],
  tensors: Readonly<Record<string, TensorSource>>,
): ReadonlyMap<string, ReadonlySet<Side>> {
  const sides = new Map<string, Set<Side>>();
  for (const { file, source } of candidates) {
    const role = Object.entries(tensors).find(([, tensor]) => tensor === source)?.[0];
    const own = sides.get(file) ?? new Set();
    sides.set(file, own);
    if (role === 'S' || role === 'Q' || role === 'Xq') own.add('query');
    else if (role === 'H' || role === 'K' || role === 'V' || role === 'Xkv') own.add('key');
    else if (role !== undefined) own.add('query').add('key');
  }
  return sides;
}

/** The labels of all files: those of a file with nothing but decoder states are for queries alone. */
function wordsOf(
  found: readonly { readonly file: string; readonly tokens: Contents['tokens'] }[],
  sides: ReadonlyMap<string, ReadonlySet<Side>>,
): { query?: readonly string[]; key?: readonly string[] } {
  const words: { query?: readonly string[]; key?: readonly string[] } = {};
  for (const { file, tokens } of found) {
    const own = sides.get(file);
    for (const side of ['query', 'key'] as const) {
      const list = tokens?.[side];
      if (
        list !== undefined &&
        (found.length === 1 || own === undefined || own.size === 0 || own.has(side))
      ) {
        words[side] = list;
      }
    }
  }
  return words;
}

/** What files of words in a folder are called, and whose words they are. */
const folderWords: readonly (readonly [stem: string, sides: readonly Side[]])[] = [
  ['tokens', ['query', 'key']],
  ['source', ['key']],
  ['target', ['query']],
];

/** Labels in `tokens`, `source` or `target` (`.json` or `.txt`) in the files' folder: likely, if there are as many as rows. */
async function wordsInFolder(
  platform: Platform,
  files: readonly FileReference[],
): Promise<{ query?: readonly string[]; key?: readonly string[] }> {
  const words: { query?: readonly string[]; key?: readonly string[] } = {};
  const [first] = files;
  if (first?.kind !== 'path') return words;
  for (const [stem, sides] of folderWords) {
    const tokens = await wordsIn(platform, platform.paths.dirname(first.path), stem, ['.json', '.txt']).catch(
      () => undefined,
    );
    for (const side of sides) {
      const list = tokens?.[side];
      if (list !== undefined) words[side] = list;
    }
  }
  return words;
}

function nameOf(file: FileReference, paths: Paths): string {
  return file.kind === 'path' ? paths.basename(file.path) : file.name;
}

function titleOf(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length <= 3 ? names.join(', ') : `${first} and ${names.length - 1} more`;
}

async function openReference(platform: Platform, file: FileReference): Promise<ByteSource> {
  if (file.kind === 'bytes') return fromBytes(file.name, file.bytes);
  const { files, paths } = platform;
  try {
    if ((await files.stat(file.path)).kind === 'folder') {
      throw new FormatError(`${paths.basename(file.path)} is a folder, not a file.`);
    }
    return await openFile(platform, file.path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'reading it is not allowed' : code;
    throw new FormatError(`${paths.basename(file.path)} cannot be opened: ${reason}.`, { cause: error });
  }
}

/** Labels in a file of the same name with `.tokens.json` or `.tokens.txt` in place of its extension. */
function wordsBeside(platform: Platform, file: FileReference): Promise<Contents['tokens']> {
  if (file.kind !== 'path') return Promise.resolve(undefined);
  const { basename, dirname } = platform.paths;
  const stem = basename(file.path).replace(/\.[^.]+$/, '');
  return wordsIn(platform, dirname(file.path), stem, ['.tokens.json', '.tokens.txt']);
}

async function wordsIn(
  platform: Platform,
  folder: string,
  stem: string,
  endings: readonly string[],
): Promise<Contents['tokens']> {
  for (const ending of endings) {
    const source = await openFile(platform, platform.paths.join(folder, stem + ending)).catch(
      () => undefined,
    );
    if (source === undefined) continue;
    try {
      return await tokensBeside(source);
    } finally {
      await source.close();
    }
  }
  return undefined;
}

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openTensors, tokensBeside, type Contents } from '../formats/index.js';
import { FormatError, fromBytes, openFile, type ByteSource } from '../formats/source.js';
import type { FileReference, RoleQuestion } from '../protocol.js';
import { findRoles, type Candidate } from './roles.js';
import type { TensorInputs } from './tensors.js';

/** Files as a mechanism's inputs, or what has to be asked first. Files stay open until `close`. */
export type OpenedFiles =
  | { readonly kind: 'inputs'; readonly inputs: TensorInputs }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

/**
 * Opens files and finds out what their tensors are.
 * @param roles what a person has answered: tensor key → role
 * @throws FormatError, a sentence naming file, tensor and reason
 */
export async function openFiles(
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
    let words: Contents['tokens'];
    for (const file of files) {
      const source = await openReference(file);
      sources.push(source);
      const contents = await openTensors(source, options.signal);
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
      words = { ...words, ...contents.tokens, ...(await wordsBeside(file)) };
    }
    const roles = await findRoles(candidates, options.roles);
    if (roles.kind === 'question') {
      await close();
      return roles;
    }
    return {
      kind: 'inputs',
      inputs: {
        title: titleOf(files.map(nameOf)),
        tensors: roles.tensors,
        notices: [...roles.notices, ...skipped],
        mechanism: options.mechanism,
        words,
        close,
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function nameOf(file: FileReference): string {
  return file.kind === 'path' ? basename(file.path) : file.name;
}

function titleOf(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length <= 3 ? names.join(', ') : `${first} and ${names.length - 1} more`;
}

async function openReference(file: FileReference): Promise<ByteSource> {
  if (file.kind === 'bytes') return fromBytes(file.name, file.bytes);
  try {
    if ((await stat(file.path)).isDirectory())
      throw new FormatError(`${basename(file.path)} is a folder, not a file.`);
    return await openFile(file.path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'reading it is not allowed' : code;
    throw new FormatError(`${basename(file.path)} cannot be opened: ${reason}.`, { cause: error });
  }
}

/** Labels in a file of the same name with `.tokens.json` or `.tokens.txt` in place of its extension. */
async function wordsBeside(file: FileReference): Promise<Contents['tokens']> {
  if (file.kind !== 'path') return undefined;
  const stem = basename(file.path).replace(/\.[^.]+$/, '');
  for (const ending of ['.tokens.json', '.tokens.txt']) {
    const path = join(dirname(file.path), stem + ending);
    const source = await openFile(path).catch(() => undefined);
    if (source === undefined) continue;
    try {
      return await tokensBeside(source);
    } finally {
      await source.close();
    }
  }
  return undefined;
}

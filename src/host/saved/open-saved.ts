import { posix } from 'node:path';
import { l10n, workspace } from 'vscode';
import type { Uri } from 'vscode';
import type { Continuation, ModelReference } from '../../protocol.js';
import { reasonOf } from '../../common/values.js';
import type { InspectionRequest, Remembered } from '../session/request.js';
import { fileAt, sha256Of } from './files.js';
import type { SavingContext } from './save-inspection.js';
import type { SavedFile, SavedInspection } from './saved-inspection.js';
import { mostSavedBytes, readSaved } from './saved-inspection.js';

export type OpenedSaved =
  | {
      readonly kind: 'runs';
      readonly saved: SavedInspection;
      readonly request: InspectionRequest;
      readonly earlier: Partial<Pick<Remembered, 'continuation' | 'parameters' | 'position'>>;
    }
  /** Why it is not run; without what was saved where the file itself cannot be read. */
  | { readonly kind: 'read-only'; readonly saved?: SavedInspection; readonly reason: string };

/** Reads a saved inspection, and looks whether everything is there as it was. Never throws for what a file may hold. */
export async function openSaved(uri: Uri, context: SavingContext, signal: AbortSignal): Promise<OpenedSaved> {
  let saved: SavedInspection;
  try {
    saved = readSaved(await textOf(uri));
  } catch (error) {
    return { kind: 'read-only', reason: reasonOf(error) };
  }
  try {
    const model = saved.model === undefined ? undefined : await findModel(saved.model, context, signal);
    if (model?.kind === 'missing') return { kind: 'read-only', saved, reason: model.reason };
    const request = await requestOf(uri, saved, model?.reference);
    const { parameters, position, continuation } = saved;
    const written: Continuation | undefined =
      continuation === undefined || model === undefined ? undefined : { ...continuation, by: model.identity };
    return {
      kind: 'runs',
      saved,
      request,
      earlier: { parameters, position, ...(written === undefined ? {} : { continuation: written }) },
    };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'read-only', saved, reason: reasonOf(error) };
  }
}

async function textOf(uri: Uri): Promise<string> {
  const { size } = await workspace.fs.stat(uri);
  if (size > mostSavedBytes)
    throw new Error(
      l10n.t(
        'The file has {0} MB; a saved inspection has at most {1} MB.',
        Math.ceil(size / 2 ** 20),
        mostSavedBytes / 2 ** 20,
      ),
    );
  const bytes = await workspace.fs.readFile(uri);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(l10n.t('The file is not UTF-8, so it holds no saved inspection.'));
  }
}

type FoundModelHere =
  | { readonly kind: 'found'; readonly reference: ModelReference; readonly identity: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** Among the models that are known here: a file from elsewhere names no path that would be opened. */
async function findModel(
  { name, digest }: NonNullable<SavedInspection['model']>,
  { engine, models }: SavingContext,
  signal: AbortSignal,
): Promise<FoundModelHere> {
  const called = (await models.usable()).filter((each) => each.name === name);
  for (const { reference } of called) {
    const here = await engine.request('modelDigest', { model: reference }, { signal });
    if (here.digest === digest) return { kind: 'found', reference, identity: here.identity };
  }
  const reason =
    called.length === 0
      ? l10n.t(
          'The model {0} is not here, so what was saved is shown and cannot be changed. Add the model with “Attention: Add Model…”, and open the file again.',
          name,
        )
      : l10n.t(
          'The model {0} has changed since: the contents of its files are others (SHA-256 {1}… was saved). What was saved is shown and cannot be changed.',
          name,
          digest.slice(0, 12),
        );
  return { kind: 'missing', reason };
}

async function requestOf(
  uri: Uri,
  { input, mechanism }: SavedInspection,
  model: ModelReference | undefined,
): Promise<InspectionRequest> {
  const by = mechanism === undefined ? {} : { mechanism };
  switch (input.kind) {
    case 'text':
      return { kind: 'text', texts: input.texts, model: needed(model), ...by };
    case 'audio':
    case 'image': {
      const address = await unchanged(uri, input.file);
      const text = input.text === undefined ? {} : { text: input.text };
      return { kind: input.kind, uri: address, model: needed(model), ...text };
    }
    case 'files': {
      const uris = await Promise.all(input.files.map((file) => unchanged(uri, file)));
      const roles = input.roles === undefined ? {} : { roles: input.roles };
      return { kind: 'files', uris, ...roles, ...by };
    }
  }
}

function needed(model: ModelReference | undefined): ModelReference {
  if (model === undefined) throw new Error(l10n.t('The file names no model.'));
  return model;
}

/** The address of a file beside the saved inspection. @throws Error where it is not there, or has other contents */
async function unchanged(saved: Uri, { path, sha256 }: SavedFile): Promise<string> {
  const uri = fileAt(saved, path);
  if ((await sha256Of(uri)) === sha256) return uri.toString();
  throw new Error(
    l10n.t(
      '{0} has changed since the inspection was saved: its contents are others (SHA-256 {1}… was saved). What was saved is shown and cannot be changed.',
      posix.basename(uri.path),
      sha256.slice(0, 12),
    ),
  );
}

import { isAbsolute, join } from 'node:path';
import { ConfigurationTarget, workspace } from 'vscode';
import { dateScores } from '../../common/embedded-models.js';
import { countFromOf, type CountFrom } from '../../common/counting.js';
import type { ModelDescription, ModelReference } from '../../protocol.js';
import { modelAt, sameModel } from '../models/model-path.js';

export const section = 'attentionInspector';

function read<T>(name: string, standard: T): T {
  return workspace.getConfiguration(section).get<T>(name, standard);
}

/** What a model reads. */
export type Reads = 'audio' | 'image' | 'text';

/** The setting that names the model for each, and the embedded one where that is empty. */
const choices = {
  text: { setting: 'model', embedded: { kind: 'embedded' } },
  image: { setting: 'imageModel', embedded: { kind: 'scenes' } },
  audio: { setting: 'audioModel', embedded: { kind: 'numbers' } },
} as const satisfies Record<Reads, { readonly setting: string; readonly embedded: ModelReference }>;

/** All that there is a model of its own for. */
export const allReads: readonly Reads[] = ['text', 'image', 'audio'];

/** The model that comes along for what is read. */
export function embeddedModel(reads: Reads): ModelReference {
  return choices[reads].embedded;
}

/** The model that is in use for what is read. */
export function activeModel(reads: Reads = 'text'): ModelReference {
  const path = read<string>(choices[reads].setting, '').trim();
  if (path === '') return embeddedModel(reads);
  if (reads !== 'text') return modelAt(absolute(path));
  return path === 'gpt' ? { kind: 'gpt' } : (dateModel(path) ?? modelAt(absolute(path)));
}

/** VS Code takes a while to write a setting down; until then it still tells the one before. */
let choosing: Promise<void> = Promise.resolve();

/** The model that reads what is inspected next, also where it was chosen this very moment. */
export async function chosenModel(reads: Reads = 'text'): Promise<ModelReference> {
  // Who chose hears of a setting that cannot be written; here the model before stays.
  await choosing.catch(() => undefined);
  return activeModel(reads);
}

/** Whether a model is in use, for what it reads. */
export function isActive({ reference, reads }: Pick<ModelDescription, 'reference' | 'reads'>): boolean {
  return sameModel(reference, activeModel(reads));
}

/** Remembers it for this workspace where the workspace has a choice of its own, else for the user. */
export function setActiveModel(model: ModelReference, reads: Reads = 'text'): Promise<void> {
  choosing = write(choices[reads].setting, settingOf(model));
  return choosing;
}

async function write(name: string, value: string | undefined): Promise<void> {
  const configuration = workspace.getConfiguration(section);
  const ofWorkspace = configuration.inspect(name)?.workspaceValue !== undefined;
  await configuration.update(
    name,
    value ?? (ofWorkspace ? '' : undefined),
    ofWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global,
  );
}

/** What the settings say of a model; nothing for the embedded ones that are in use at first. */
function settingOf(model: ModelReference): string | undefined {
  switch (model.kind) {
    case 'embedded':
    case 'scenes':
    case 'numbers':
      return undefined;
    case 'gpt':
      return 'gpt';
    case 'folder':
    case 'file':
      return model.path;
    case 'dates':
      return `dates:${model.score}`;
  }
}

/** “dates:luong” */
function dateModel(setting: string): ModelReference | undefined {
  const score = dateScores.find((each) => setting === `dates:${each}`);
  return score === undefined ? undefined : { kind: 'dates', score };
}

/** How many bytes of weights are held in memory at once. */
export function weightsBudget(): number {
  return Math.max(64, read<number>('weightsBudget', 2048)) * 2 ** 20;
}

/** Folders that the user added by hand. */
export function modelFolders(): readonly string[] {
  return read<readonly string[]>('modelFolders', []).map(absolute);
}

export async function setModelFolders(folders: readonly string[]): Promise<void> {
  await workspace
    .getConfiguration(section)
    .update('modelFolders', folders.length === 0 ? undefined : folders, ConfigurationTarget.Global);
}

/** The number of the first layer and head. */
export function countFrom(): CountFrom {
  return countFromOf(read<unknown>('countFrom', 0));
}

/** The colours that pictures begin with. */
export function usualColors(): { readonly map: string; readonly scale: string } {
  return { map: read('colorMap', 'cividis'), scale: read('colorScale', 'linear') };
}

export function paintsEditor(): boolean {
  return read('paintEditor', true);
}

function absolute(path: string): string {
  const root = workspace.workspaceFolders?.[0]?.uri.fsPath;
  return isAbsolute(path) || root === undefined ? path : join(root, path);
}

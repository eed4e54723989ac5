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

/** The model that reads selected text. */
export function activeModel(): ModelReference {
  const path = read<string>('model', '').trim();
  if (path === 'gpt') return { kind: 'gpt' };
  const dates = dateModel(path);
  if (dates !== undefined) return dates;
  return path === '' ? { kind: 'embedded' } : modelAt(absolute(path));
}

/** VS Code takes a while to write a setting down; until then it still tells the one before. */
let choosing: Promise<void> = Promise.resolve();

/** The model that reads what is inspected next, also where it was chosen this very moment. */
export async function chosenModel(): Promise<ModelReference> {
  // Who chose hears of a setting that cannot be written; here the model before stays.
  await choosing.catch(() => undefined);
  return activeModel();
}

/** The model that reads images. */
function activeImageModel(): ModelReference {
  const path = read<string>('imageModel', '').trim();
  return path === '' ? { kind: 'scenes' } : modelAt(absolute(path));
}

/** The model that reads the next image, also where it was chosen this very moment. */
export async function chosenImageModel(): Promise<ModelReference> {
  await choosing.catch(() => undefined);
  return activeImageModel();
}

/** Whether a model is in use, for what it reads. */
export function isActive({ reference, reads }: Pick<ModelDescription, 'reference' | 'reads'>): boolean {
  return sameModel(reference, reads === 'image' ? activeImageModel() : activeModel());
}

/** Remembers it for this workspace where the workspace has a choice of its own, else for the user. */
export function setActiveModel(model: ModelReference, reads: ModelDescription['reads']): Promise<void> {
  choosing = write(reads === 'image' ? 'imageModel' : 'model', settingOf(model));
  return choosing;
}

async function write(name: 'model' | 'imageModel', value: string | undefined): Promise<void> {
  const configuration = workspace.getConfiguration(section);
  const ofWorkspace = configuration.inspect(name)?.workspaceValue !== undefined;
  await configuration.update(
    name,
    value ?? (ofWorkspace ? '' : undefined),
    ofWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global,
  );
}

/** What the settings say of a model; nothing for the embedded ones that text and images are read by at first. */
function settingOf(model: ModelReference): string | undefined {
  switch (model.kind) {
    case 'embedded':
    case 'scenes':
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

import { basename, dirname } from 'node:path';
import {
  EventEmitter,
  FileType,
  l10n,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { TreeDataProvider } from 'vscode';
import type { FoundModel, ModelDescription, ModelReference, ReaderChoice } from '../../protocol.js';
import { modelOf } from '../session/request.js';
import type { InspectionRequest } from '../session/request.js';
import { modelPath, sameModel } from './model-path.js';
import { Disposable } from '../base/disposable.js';
import type { EngineClient } from '../transports/client.js';
import {
  allReads,
  chosenModel,
  embeddedModel,
  isActive,
  modelFolders,
  section,
  setActiveModel,
  setModelFolders,
} from '../base/settings.js';
import type { Reads } from '../base/settings.js';

/** In a workspace with more `config.json` than this, folders beyond must be added by hand. */
const mostConfigs = 500;

/** The checkpoints there are: the embedded one, those found in the workspace, those added by hand. */
export class Models extends Disposable implements TreeDataProvider<FoundModel> {
  private readonly emitter = this.own(new EventEmitter<FoundModel[] | undefined>());
  readonly onDidChangeTreeData = this.emitter.event;
  private finding: Promise<readonly FoundModel[]> | undefined;
  /** What the tree shows: VS Code knows its items by these objects. */
  private listed: readonly FoundModel[] = [];

  constructor(private readonly engine: EngineClient) {
    super();
    this.own(window.createTreeView('attention-inspector.models', { treeDataProvider: this }));
    this.own(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(section)) this.refresh();
      }),
    );
    this.own(
      workspace.onDidChangeWorkspaceFolders(() => {
        this.refresh();
      }),
    );
  }

  /** Looks again, where somebody sees it. What is listed stays until then, so that a click on it means what it says. */
  refresh(): void {
    this.finding = undefined;
    if (this.listed.length === 0) {
      this.emitter.fire(undefined);
      return;
    }
    const finding = this.all();
    finding.then(
      (found) => {
        if (this.finding === finding) this.list(found);
      },
      () => {
        // Asked again, the view shows why there is none.
        if (this.finding === undefined) this.emitter.fire(undefined);
      },
    );
  }

  /** @throws what the engine throws */
  all(): Promise<readonly FoundModel[]> {
    this.finding ??= this.find().catch((error: unknown) => {
      this.finding = undefined;
      throw error;
    });
    return this.finding;
  }

  async usable(): Promise<readonly ModelDescription[]> {
    return (await this.all()).flatMap((found) => (found.kind === 'model' ? [found.model] : []));
  }

  /** The model that is in use for what is read, also where it was chosen this very moment; undefined where it is there no longer. */
  async inUse(reads: Reads = 'text'): Promise<ModelDescription | undefined> {
    const chosen = await chosenModel(reads);
    return (await this.usable()).find(({ reference }) => sameModel(reference, chosen));
  }

  /** The models that could read what was asked for, in the order of the list; none of tensors. */
  async readersOf(request: InspectionRequest): Promise<readonly ReaderChoice[]> {
    const used = modelOf(request);
    return (await this.reading(request)).map((model) => ({
      reader: keyOf(model.reference),
      name: model.name,
      detail: outline(model),
      used: used !== undefined && sameModel(model.reference, used),
    }));
  }

  /** One of them; undefined where it is there no longer. */
  async readerOf(request: InspectionRequest, reader: string): Promise<ModelReference | undefined> {
    return (await this.reading(request)).find(({ reference }) => keyOf(reference) === reader)?.reference;
  }

  private async reading({ kind }: InspectionRequest): Promise<readonly ModelDescription[]> {
    return (await this.usable()).filter(({ reads = 'text' }) => reads === kind);
  }

  /** The settings tell of it, and the list is made anew. */
  async use({ reference, reads }: Pick<ModelDescription, 'reference' | 'reads'>): Promise<void> {
    await setActiveModel(reference, reads);
  }

  /**
   * Adds a folder with one or several checkpoints.
   * @returns the models that are in it
   * @throws Error with a sentence where there is none that can be used
   */
  async add(folder: Uri): Promise<readonly ModelDescription[]> {
    const name = basename(folder.fsPath);
    if (folder.scheme !== 'file') {
      throw new Error(
        l10n.t('{0} is not on this machine’s disk; a model’s weights are read from there.', name),
      );
    }
    const found = await this.engine.request('models', { folders: [folder.fsPath] });
    const models = found.flatMap((one) =>
      one.kind === 'model' && modelPath(one.model.reference) !== undefined ? [one.model] : [],
    );
    if (models.length === 0) {
      const reason = found.find((one) => one.kind === 'unusable');
      throw new Error(
        reason?.kind === 'unusable'
          ? reason.reason
          : l10n.t(
              '{0} holds no checkpoint: config.json, tokenizer.json and *.safetensors or pytorch_model.bin are looked for.',
              name,
            ),
      );
    }
    await setModelFolders([...new Set([...modelFolders(), folder.fsPath])]);
    this.refresh();
    return models;
  }

  /** Why a checkpoint with this config.json, files of these names and headers of weights cannot be read; null where it can, as far as they tell. */
  refusal(
    name: string,
    config: string,
    files: readonly string[],
    headers: readonly { readonly file: string; readonly text: string }[],
  ): Promise<string | null> {
    return this.engine.request('refusal', { name, config, files, headers });
  }

  /** Takes an added folder off the list; the files stay where they are. */
  async remove(path: string): Promise<void> {
    await setModelFolders(modelFolders().filter((folder) => !inside(path, folder)));
    for (const reads of allReads) {
      if (modelPath(await chosenModel(reads)) === path) await setActiveModel(embeddedModel(reads), reads);
    }
    this.refresh();
  }

  async getChildren(entry?: FoundModel): Promise<FoundModel[]> {
    if (entry !== undefined) return [];
    this.listed = this.known(await this.all());
    return [...this.listed];
  }

  getTreeItem(found: FoundModel): TreeItem {
    return found.kind === 'model' ? usableItem(found.model) : unusableItem(found.path, found.reason);
  }

  /** Shows what was found: where it is the same as before, items are only drawn anew, and none is ever unknown. */
  private list(found: readonly FoundModel[]): void {
    const before = this.listed;
    this.listed = this.known(found);
    const isSame = before.length === found.length && before.every((one, at) => one === this.listed[at]);
    this.emitter.fire(isSame ? [...this.listed] : undefined);
  }

  /** With the objects that stand for it already. */
  private known(found: readonly FoundModel[]): readonly FoundModel[] {
    const before = new Map(this.listed.map((one) => [JSON.stringify(one), one]));
    return found.map((one) => before.get(JSON.stringify(one)) ?? one);
  }

  private async find(): Promise<readonly FoundModel[]> {
    const active = await Promise.all(allReads.map(chosenModel));
    const paths = active.flatMap((model) => modelPath(model) ?? []);
    const folders = new Set([
      ...(await workspaceFiles()),
      ...(await workspaceCheckpoints()),
      ...modelFolders(),
      ...paths,
    ]);
    return this.engine.request('models', { folders: [...folders] });
  }
}

/** Folders of the workspace that hold a `config.json` beside weights, on this machine's disk. */
async function workspaceCheckpoints(): Promise<readonly string[]> {
  const configs = await workspace.findFiles('**/config.json', '**/{node_modules,.git}/**', mostConfigs);
  const folders = configs.filter(({ scheme }) => scheme === 'file').map((uri) => Uri.joinPath(uri, '..'));
  const checked = await Promise.all(
    folders.map(async (folder) => {
      const entries = await workspace.fs.readDirectory(folder).then(undefined, () => []);
      const weights = entries.some(
        ([name, type]) =>
          (type & FileType.File) !== 0 && /\.safetensors$|^(?:pytorch_)?model.*\.bin$/.test(name),
      );
      return weights ? [folder.fsPath] : [];
    }),
  );
  return checked.flat().sort();
}

/** Models of the workspace that are one file each, on this machine's disk. */
async function workspaceFiles(): Promise<readonly string[]> {
  const [models, exports_, tokenizers] = await Promise.all([
    pathsOf('**/*.gguf'),
    pathsOf('**/*.onnx'),
    pathsOf('**/tokenizer.json'),
  ]);
  const folders = new Set(tokenizers.map((path) => dirname(path)));
  // Much is exported that reads no text: what does has its tokenizer beside it, or one folder up.
  const readable = exports_.filter(
    (path) => folders.has(dirname(path)) || folders.has(dirname(dirname(path))),
  );
  return [...models, ...readable].sort();
}

async function pathsOf(pattern: string): Promise<readonly string[]> {
  const found = await workspace.findFiles(pattern, '**/{node_modules,.git}/**', mostConfigs);
  return found.flatMap(({ scheme, fsPath }) => (scheme === 'file' ? [fsPath] : []));
}

function keyOf(reference: ModelReference): string {
  return JSON.stringify(reference);
}

/** Where a model comes from. */
export function placeOf(reference: ModelReference): string {
  return modelPath(reference) ?? l10n.t('embedded');
}

/** Whether a folder was added by hand, or lies in one that was. */
export function addedByHand(path: string): boolean {
  return modelFolders().some((folder) => inside(path, folder));
}

function inside(path: string, folder: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (at === folder) return true;
    if (at === dirname(at)) return false;
  }
}

/** "BERT · 6 layers × 12 heads"; "BART · 6 + 6 layers × 12 heads" with a decoder. Of an export heads may show only when it runs. */
export function outline({ family, layers, heads, decoder }: ModelDescription): string {
  const sizes =
    decoder === undefined
      ? sizesText(layers, heads)
      : l10n.t(
          '{0} × {1}',
          l10n.t('{0} + {1} layers', layers, decoder.layers),
          heads === decoder.heads ? headsText(heads) : l10n.t('{0} + {1} heads', heads, decoder.heads),
        );
  return l10n.t('{0} · {1}', family, sizes);
}

/** Of an export that reads images, nothing tells how many tokens they become. */
function sizeLine({ width, limit, size }: ModelDescription): string {
  const megabytes = (size / 1e6).toFixed(1);
  if (limit === 0) return l10n.t('{0} MB', megabytes);
  return width === 0
    ? l10n.t('up to {0} tokens, {1} MB', limit, megabytes)
    : l10n.t('width {0}, up to {1} tokens, {2} MB', width, limit, megabytes);
}

/** What a plus sign in the outline stands for. */
function halves({ layers, heads, decoder }: ModelDescription): string[] {
  if (decoder === undefined) return [];
  return [
    l10n.t('encoder {0}, decoder {1}', sizesText(layers, heads), sizesText(decoder.layers, decoder.heads)),
  ];
}

function sizesText(layers: number, heads: number): string {
  const count = layers === 1 ? l10n.t('1 layer') : l10n.t('{0} layers', layers);
  return heads === 0 ? count : l10n.t('{0} × {1}', count, headsText(heads));
}

function headsText(count: number): string {
  return count === 1 ? l10n.t('1 head') : l10n.t('{0} heads', count);
}

function usableItem(model: ModelDescription): TreeItem {
  const { reference, name } = model;
  const active = isActive(model);
  const item = new TreeItem(name);
  const where = placeOf(reference);
  const path = modelPath(reference);
  const added = path !== undefined && addedByHand(path);
  item.id = path ?? name;
  item.description = active ? l10n.t('{0} · in use', outline(model)) : outline(model);
  item.tooltip = [name, outline(model), ...halves(model), sizeLine(model), where].join('\n');
  // A click uses it; on the one in use there is nothing to do.
  if (!active) {
    item.command = {
      command: 'attention-inspector.useModel',
      title: l10n.t('Use Model'),
      arguments: [{ kind: 'model', model } satisfies FoundModel],
    };
  }
  item.contextValue = [
    'model',
    ...(reference.kind === 'dates' ? ['dates'] : []),
    ...(added ? ['added'] : []),
    ...(active ? ['active'] : []),
  ].join(' ');
  item.iconPath = active
    ? new ThemeIcon('pass-filled', new ThemeColor('charts.blue'))
    : new ThemeIcon('circle-large-outline');
  return item;
}

function unusableItem(path: string, reason: string): TreeItem {
  const item = new TreeItem(basename(path));
  item.id = `unusable:${path}`;
  item.description = l10n.t('cannot be used');
  item.tooltip = `${reason}\n${path}`;
  item.contextValue = addedByHand(path) ? 'unusable added' : 'unusable';
  item.iconPath = new ThemeIcon('warning', new ThemeColor('list.warningForeground'));
  return item;
}

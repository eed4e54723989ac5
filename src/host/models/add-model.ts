import { basename, dirname, join } from 'node:path';
import { l10n, QuickPickItemKind, ThemeIcon, Uri, window } from 'vscode';
import type { Memento, QuickPickItem, SecretStorage } from 'vscode';
import {
  cachedModel,
  choicesOf,
  download,
  HubClient,
  hubSettings,
  listFiles,
  parseReference,
  Rate,
  readHeaders,
  readText,
  sizeText,
  type HubChoice,
  type HubListing,
  type HubReference,
} from '../../hub/index.js';
import type { ModelDescription } from '../../protocol.js';
import { outline } from './models.js';
import type { Models } from './models.js';
import { withProgress } from '../base/progress.js';
import { isCancelled, messageOf } from '../base/messages.js';

export interface AddModelContext {
  readonly secrets: SecretStorage;
  readonly state: Memento;
  /** Where fetched models lie unless the user says otherwise. */
  readonly storage: Uri;
}

const tokenKey = 'huggingFaceToken';
const folderKey = 'fetchedModels';
const nameKey = 'fetchedName';
/** In milliseconds. */
const betweenReports = 200;

interface Choice<T> extends QuickPickItem {
  /** None for what is only to be read. */
  readonly value?: T;
}

/** *Attention: Add Model…*: a folder, a file, or what a hub has under a name. */
export class AddModel {
  constructor(
    private readonly models: Models,
    private readonly context: AddModelContext,
  ) {}

  /** @throws Error with a sentence for people */
  async run(given: unknown): Promise<void> {
    if (given instanceof Uri) return this.add(given);
    const chosen = await window.showQuickPick<Choice<'folder' | 'file' | 'hub'>>(
      [
        {
          label: l10n.t('Folder…'),
          description: l10n.t('config.json, tokenizer.json and *.safetensors or pytorch_model.bin'),
          iconPath: new ThemeIcon('folder'),
          value: 'folder',
        },
        {
          label: l10n.t('File…'),
          description: l10n.t('*.gguf, an ONNX export, or a Whisper as *.pt, with its tokenizer.json'),
          iconPath: new ThemeIcon('file'),
          value: 'file',
        },
        {
          label: l10n.t('From Hugging Face…'),
          description: l10n.t('by its name; fetched after you have seen what it takes'),
          iconPath: new ThemeIcon('cloud-download'),
          value: 'hub',
        },
      ],
      { title: l10n.t('Where the model is') },
    );
    switch (chosen?.value) {
      case 'folder':
        return this.fromDisk({
          canSelectFiles: false,
          canSelectFolders: true,
          title: l10n.t('A folder with config.json, tokenizer.json and *.safetensors'),
        });
      case 'file':
        return this.fromDisk({
          canSelectFiles: true,
          filters: { [l10n.t('Models')]: ['gguf', 'onnx', 'pt'] },
          title: l10n.t('A model in one file'),
        });
      case 'hub':
        return this.fromHub();
      case undefined:
    }
  }

  /** The token with which a hub is asked; an empty one is forgotten. */
  async setToken(): Promise<void> {
    const token = await window.showInputBox({
      title: l10n.t('Hugging Face token'),
      prompt: l10n.t('Kept by VS Code as a secret, sent to the hub alone. Leave it empty to forget it.'),
      password: true,
      ignoreFocusOut: true,
    });
    if (token === undefined) return;
    if (token.trim() === '') await this.context.secrets.delete(tokenKey);
    else await this.context.secrets.store(tokenKey, token.trim());
  }

  private async fromDisk(options: Parameters<typeof window.showOpenDialog>[0]): Promise<void> {
    const [picked] = (await window.showOpenDialog({ ...options, openLabel: l10n.t('Add Model') })) ?? [];
    if (picked !== undefined) await this.add(picked);
  }

  private async fromHub(): Promise<void> {
    const settings = await hubSettings(process.env, await this.context.secrets.get(tokenKey));
    const name = await window.showInputBox({
      title: l10n.t('The name of a model on Hugging Face'),
      placeHolder: 'HuggingFaceTB/SmolLM2-135M',
      value: this.context.state.get(nameKey, ''),
      ignoreFocusOut: true,
      validateInput: (text) => problemOf(text, settings.endpoint),
    });
    if (name === undefined) return;
    const reference = parseReference(name, settings.endpoint);
    await this.context.state.update(nameKey, name.trim());
    const here = reference.file === undefined ? await cachedModel(settings.cache, reference) : undefined;
    if (here !== undefined && (await this.tryToAdd(here))) return;
    const client = new HubClient(settings);
    const listing = await withProgress(l10n.t('Asking what {0} consists of', reference.id), (signal) =>
      listFiles(client, reference, signal),
    );
    const choice = await pickChoice(listing, reference.file);
    if (choice === undefined) return;
    const there = await cachedModel(
      settings.cache,
      { id: reference.id, revision: listing.commit },
      choice.files,
    );
    if (there !== undefined && (await this.tryToAdd(placeOf(choice, there)))) return;
    await this.check(client, listing, choice);
    const folder = await this.pickFolder(reference, choice);
    if (folder === undefined) return;
    const rate = new Rate();
    let [told, toldOf] = [0, ''];
    await withProgress(l10n.t('Fetching {0}', reference.id), (signal, report) =>
      download(client, listing, choice.files, folder, {
        signal,
        progress({ done, total, fetched, path }) {
          // Every few kilobytes something comes; nobody reads that fast. But which file it is must not be of a while ago.
          const now = performance.now();
          if (now - told < betweenReports && path === toldOf) return;
          [told, toldOf] = [now, path];
          const speed = rate.at(fetched);
          const reached = [path, sizeText(done), sizeText(total)];
          report({
            message:
              speed === undefined
                ? l10n.t('{0}: {1} of {2}', ...reached)
                : l10n.t('{0}: {1} of {2}, {3} a second', ...reached, sizeText(speed)),
            fraction: total === 0 ? null : done / total,
          });
        },
      }),
    );
    await this.add(Uri.file(placeOf(choice, folder)));
  }

  /** Nothing large is fetched of a model that cannot be read. @throws Error with a sentence where it cannot */
  private async check(client: HubClient, listing: HubListing, { kind, files }: HubChoice): Promise<void> {
    if (kind === 'file') return;
    const reason = await withProgress(l10n.t('Asking what {0} consists of', listing.id), async (signal) => {
      const config = await readText(client, listing, 'config.json', signal);
      const names = listing.files.map(({ path }) => path);
      // What config.json excludes needs no look at the weights.
      const excluded = await this.models.refusal(listing.id, config, names, []);
      if (excluded !== null) return excluded;
      const headers = await readHeaders(client, listing, files, signal);
      return this.models.refusal(listing.id, config, names, headers);
    });
    if (reason !== null) throw new Error(reason);
  }

  /** Shows what will be fetched, how much it is, and where to; undefined when the user leaves it. */
  private async pickFolder(
    { id, revision }: HubReference,
    { files, size }: HubChoice,
  ): Promise<string | undefined> {
    const { state, storage } = this.context;
    const standard = join(storage.fsPath, 'models');
    for (let parent = state.get(folderKey, standard); ;) {
      const folder = join(
        parent,
        ...id.split('/'),
        ...(revision === 'main' ? [] : [revision.replaceAll('/', '-')]),
      );
      const chosen = await window.showQuickPick<Choice<'fetch' | 'elsewhere'>>(
        [
          {
            label: l10n.t('Fetch {0}', sizeText(size)),
            detail: folder,
            iconPath: new ThemeIcon('cloud-download'),
            value: 'fetch',
          },
          {
            label: l10n.t('Into Another Folder…'),
            iconPath: new ThemeIcon('folder-opened'),
            value: 'elsewhere',
          },
          { label: l10n.t('files'), kind: QuickPickItemKind.Separator },
          ...files.map((file) => ({ label: file.path, description: sizeText(file.size) })),
        ],
        { title: l10n.t('{0} has {1} files to fetch', id, files.length), ignoreFocusOut: true },
      );
      if (chosen === undefined) return undefined;
      if (chosen.value === 'fetch') return folder;
      if (chosen.value !== 'elsewhere') continue;
      const [picked] =
        (await window.showOpenDialog({
          canSelectFiles: false,
          canSelectFolders: true,
          openLabel: l10n.t('Keep Models Here'),
        })) ?? [];
      if (picked?.scheme === 'file') {
        parent = picked.fsPath;
        await state.update(folderKey, parent);
      }
    }
  }

  /** Whether what lies there is a whole model; it is added then. */
  private async tryToAdd(path: string): Promise<boolean> {
    try {
      await this.add(Uri.file(path));
      return true;
    } catch (error) {
      if (isCancelled(error)) throw error;
      return false;
    }
  }

  private async add(place: Uri): Promise<void> {
    const [first] = await this.models.add(place);
    if (first !== undefined) this.offer(first);
  }

  private offer(model: ModelDescription): void {
    const use = l10n.t('Use It');
    const said = l10n.t('{0} was added: {1}.', model.name, outline(model));
    void window.showInformationMessage(said, use).then(async (chosen) => {
      if (chosen === use) await this.models.use(model);
    });
  }
}

function problemOf(text: string, endpoint: string): string | undefined {
  try {
    parseReference(text, endpoint);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What is added of a model whose files lie in a folder. */
function placeOf({ kind, files: [file] }: HubChoice, folder: string): string {
  return kind === 'file' && file !== undefined ? join(folder, file.path) : folder;
}

/** Where there are several ways to fetch a model, and no file was given, the user picks. */
async function pickChoice(listing: HubListing, given?: string): Promise<HubChoice | undefined> {
  const choices = choicesOf(listing);
  const meant = choices.find(({ kind, title }) => kind === 'file' && title === given);
  if (meant !== undefined) return meant;
  if (choices.length === 1) return choices[0];
  const chosen = await window.showQuickPick<Choice<HubChoice>>(
    choices.map((value) => ({
      label: value.kind === 'file' ? basename(value.title) : value.title,
      description: sizeText(value.size),
      ...(value.kind === 'file' && dirname(value.title) !== '.' ? { detail: dirname(value.title) } : {}),
      value,
    })),
    { title: l10n.t('{0} comes in several forms', listing.id), ignoreFocusOut: true },
  );
  return chosen?.value;
}

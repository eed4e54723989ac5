import { l10n, TabInputCustom, TabInputText, Uri, ViewColumn, window } from 'vscode';
import type { QuickPickItem } from 'vscode';
import { mediumAt } from '../../file-types.js';
import { shortened } from '../../common/strings.js';
import { isRecord } from '../../common/values.js';
import type { Dropped } from '../../protocol.js';
import { selectionInSight } from '../editor/selection.js';
import type { SelectedText } from '../editor/selection.js';
import type { MediumReader, Opener } from '../session/opener.js';
import type { MediumRequest } from '../session/request.js';
import type { Models } from '../models/models.js';
import type { KeptMedia } from './kept-media.js';

type DroppedBytes = Extract<Dropped, { kind: 'bytes' }>;

/** A text, and where it comes from. */
export interface NamedText {
  readonly from: string;
  readonly text: SelectedText;
}

/** How what is inspected is spoken of. */
export interface MediumStrings {
  /** Above the list of what may be said of it. */
  readonly saidOfIt: string;
  writes(model: string): string;
  reads(model: string): string;
  notThis(name: string): string;
  readonly dialog: { readonly title: string; readonly kind: string };
}

/** Inspecting an image or a recording, wherever that is called from. */
export abstract class InspectMedium {
  protected abstract readonly kind: MediumRequest['kind'];
  protected abstract readonly endings: readonly string[];
  protected abstract readonly strings: MediumStrings;

  constructor(
    private readonly opener: Opener,
    protected readonly kept: KeptMedia,
    private readonly models: Pick<Models, 'inUse'>,
  ) {}

  /** From the explorer or a tab: that file. From the palette: what is looked at, or a dialog. */
  async run(clicked: unknown): Promise<void> {
    if (clicked instanceof Uri && mediumAt(clicked.path) === this.kind) return this.open(clicked);
    if (isDropped(clicked)) return this.openDropped(clicked);
    const looked = this.inTab();
    if (looked !== undefined) return this.open(looked, ViewColumn.Beside);
    if (await this.openNamed()) return;
    const [chosen] =
      (await window.showOpenDialog({
        openLabel: l10n.t('Inspect'),
        title: this.strings.dialog.title,
        filters: { [this.strings.dialog.kind]: this.endings.map((ending) => ending.slice(1)) },
      })) ?? [];
    if (chosen !== undefined) await this.open(chosen);
  }

  /** What stands in a file beside it that has its name. */
  protected abstract textNamedLike(uri: Uri): Promise<NamedText | undefined>;

  /** Opens what the text at the cursor names. @returns whether it names something */
  protected openNamed(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Texts that may be what is said of it, each with where it comes from. */
  private async textsOf(uri: Uri): Promise<readonly NamedText[]> {
    const selected = selectionInSight();
    const named = await this.textNamedLike(uri);
    return [
      ...(named === undefined ? [] : [named]),
      ...(selected === undefined ? [] : [{ from: l10n.t('the selected text'), text: selected }]),
    ];
  }

  protected async open(uri: Uri, viewColumn: ViewColumn = ViewColumn.Active): Promise<void> {
    const reader = await this.reader(uri);
    if (reader !== undefined) await this.opener.openMedium(this.kind, uri, reader, viewColumn);
  }

  private async openDropped({ name, type, bytes }: DroppedBytes): Promise<void> {
    if (bytes === null) {
      throw new Error(
        l10n.t('{0} is too large to be dropped here, or cannot be read: open it from the explorer.', name),
      );
    }
    if (!type.startsWith(`${this.kind}/`)) throw new Error(this.strings.notThis(name));
    await this.open(await this.kept.keep(type, bytes));
  }

  /** Whether a model that writes writes, or reads what stands beside it. @returns undefined where the user does not say */
  private async reader(uri: Uri): Promise<MediumReader | undefined> {
    const texts = await this.textsOf(uri);
    if (texts.length === 0) return {};
    const model = await this.models.inUse(this.kind);
    if (model?.writes !== true) return {};
    const items: readonly (QuickPickItem & { readonly reader: MediumReader })[] = [
      { label: this.strings.writes(model.name), reader: {} },
      ...texts.map(({ from, text }) => ({
        label: this.strings.reads(model.name),
        description: from,
        detail: shortened(text.texts[0], 80),
        reader: { text },
      })),
    ];
    return (await window.showQuickPick(items, { title: this.strings.saidOfIt }))?.reader;
  }

  /** What is in the active tab: VS Code's preview of it, or any other editor. */
  private inTab(): Uri | undefined {
    const input: unknown = window.tabGroups.activeTabGroup.activeTab?.input;
    if (!(input instanceof TabInputCustom || input instanceof TabInputText)) return undefined;
    return mediumAt(input.uri.path) === this.kind ? input.uri : undefined;
  }
}

function isDropped(value: unknown): value is DroppedBytes {
  return isRecord(value) && value['kind'] === 'bytes';
}

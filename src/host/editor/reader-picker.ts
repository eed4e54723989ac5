import { l10n, ThemeIcon, window } from 'vscode';
import type { QuickPickItem } from 'vscode';
import { separator } from '../base/separator.js';
import type { EngineClient } from '../transports/client.js';
import { outline } from '../models/models.js';
import type { Models } from '../models/models.js';
import type { Reader } from '../session/opener.js';

interface Choice extends QuickPickItem {
  /** None for a separator. */
  readonly reader?: Reader;
}

/** Lets the user choose what reads a text: a model, or a mechanism that runs on embeddings. */
export class ReaderPicker {
  /** The label of the last choice. */
  private last: string | undefined;

  constructor(
    private readonly engine: EngineClient,
    private readonly models: Models,
  ) {}

  /**
   * @param two whether there is a second selection, whose tokens are the queries
   * @returns undefined where the user chooses nothing
   */
  async pick(two: boolean): Promise<Reader | undefined> {
    const chosen = await window.showQuickPick(this.choices(two), {
      title: l10n.t('Inspect selection with…'),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (chosen?.reader === undefined) return undefined;
    this.last = chosen.label;
    return chosen.reader;
  }

  private async choices(two: boolean): Promise<Choice[]> {
    const [models, mechanisms] = await Promise.all([
      this.models.usable(),
      this.engine.request('mechanisms', null),
    ]);
    const ofText = models.filter(({ reads }) => reads === undefined);
    const read = ofText.map((model): Choice => ({
      label: model.name,
      description: outline(model),
      iconPath: new ThemeIcon('symbol-class'),
      reader: { model: model.reference },
    }));
    const run = mechanisms.map(({ id, title, source }): Choice => ({
      label: title,
      description: source,
      iconPath: new ThemeIcon('symbol-operator'),
      reader: { mechanism: id },
    }));
    const all = [...read, ...run];
    const recent = all.filter(({ label }) => label === this.last);
    return [
      ...(recent.length === 0 ? [] : [separator(l10n.t('last used')), ...recent]),
      separator(
        two
          ? l10n.t(
              'models: one that translates or summarises takes the second selection as its target, one that answers questions as its text',
            )
          : l10n.t('models'),
      ),
      ...read.filter((each) => !recent.includes(each)),
      separator(
        two
          ? l10n.t('mechanisms: the words of the second selection attend to those of the first')
          : l10n.t('mechanisms on word vectors, without a model'),
      ),
      ...run.filter((each) => !recent.includes(each)),
    ];
  }
}

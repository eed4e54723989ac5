import { posix } from 'node:path';
import { env, l10n, window } from 'vscode';
import type { CustomDocument, CustomReadonlyEditorProvider, Uri, WebviewPanel } from 'vscode';
import { Disposable } from '../base/disposable.js';
import { messageOf } from '../base/messages.js';
import { withProgress } from '../base/progress.js';
import type { Opener } from '../session/opener.js';
import type { Session } from '../session/session.js';
import { openSaved } from './open-saved.js';
import type { OpenedSaved } from './open-saved.js';
import { readOnlyPage } from './read-only-page.js';
import type { SavingContext } from './save-inspection.js';
import type { SavedInspection } from './saved-inspection.js';
import { difference } from './saved-inspection.js';

/** Numbers that differ by more, as a share of the largest, are not those that were saved. */
const rounding = 1e-4;

/** Opens saved inspections: as panels, or where something is missing or has changed, to be read. It never writes. */
export class SavedInspectionEditor extends Disposable implements CustomReadonlyEditorProvider {
  constructor(
    private readonly opener: Opener,
    private readonly context: SavingContext,
  ) {
    super();
    this.own(window.registerCustomEditorProvider('attention-inspector.savedInspection', this));
  }

  openCustomDocument(uri: Uri): CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor({ uri }: CustomDocument, panel: WebviewPanel): Promise<void> {
    const name = posix.basename(uri.path);
    const opened = await withProgress(l10n.t('Opening {0}', name), (signal) =>
      openSaved(uri, this.context, signal),
    ).catch((error: unknown): OpenedSaved => ({ kind: 'read-only', reason: messageOf(error) }));
    if (opened.kind === 'read-only') {
      const { saved, reason } = opened;
      panel.webview.options = { enableScripts: false, localResourceRoots: [] };
      panel.webview.html = readOnlyPage({
        language: env.language,
        heading: saved === undefined ? name : `${saved.title} · ${saved.subtitle}`,
        reason,
        facts: saved === undefined ? [] : factsOf(saved),
        ...(saved === undefined ? {} : { saved }),
        nonce: crypto.randomUUID(),
      });
      return;
    }
    const session = this.opener.fillWith(panel, opened.request, opened.earlier);
    // Where it does not run, the page says why.
    compare(session, opened.saved).catch(() => undefined);
  }
}

/** Says where the numbers are not those that were saved. */
async function compare(session: Session, { seen, position }: SavedInspection): Promise<void> {
  await session.ready();
  if (seen === undefined) return;
  const { layer, head } = position;
  const { data } = await session.ask('slice', { step: seen.step.name, layer, head });
  const off = difference(data, seen.data);
  if (off <= rounding) return;
  void window.showWarningMessage(
    Number.isFinite(off)
      ? l10n.t(
          'The numbers are not those that were saved: they differ by up to {0} % of the largest.',
          (off * 100).toPrecision(2),
        )
      : l10n.t('The matrix is not the one that was saved: it has other sizes, or other cells are masked.'),
  );
}

function factsOf({
  input,
  model,
  mechanism,
  parameters,
  position,
  continuation,
}: SavedInspection): [string, string][] {
  const settings = Object.entries(parameters).map(([name, value]) => `${name}: ${value}`);
  return [
    ...(input.kind === 'text' ? input.texts.map((text): [string, string] => [l10n.t('Text'), text]) : []),
    ...(input.kind === 'image' ? [[l10n.t('Image'), input.file.path] as [string, string]] : []),
    ...(input.kind === 'audio' ? [[l10n.t('Recording'), input.file.path] as [string, string]] : []),
    ...('file' in input && input.text !== undefined
      ? [[l10n.t('Text'), input.text] as [string, string]]
      : []),
    ...(input.kind === 'files'
      ? [[l10n.t('Files'), input.files.map(({ path }) => path).join('\n')] as [string, string]]
      : []),
    ...(model === undefined
      ? []
      : [[l10n.t('Model'), `${model.name} (SHA-256 ${model.digest})`] as [string, string]]),
    ...(mechanism === undefined ? [] : [[l10n.t('Mechanism'), mechanism] as [string, string]]),
    ...(settings.length === 0 ? [] : [[l10n.t('Settings'), settings.join('\n')] as [string, string]]),
    [l10n.t('Step'), position.step],
    ...(continuation === undefined
      ? []
      : [[l10n.t('Continuation'), l10n.t('{0} tokens', continuation.ids.length)] as [string, string]]),
  ];
}

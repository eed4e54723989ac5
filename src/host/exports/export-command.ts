import { posix } from 'node:path';
import { FileType, l10n, Uri, window, workspace } from 'vscode';
import type { QuickPickItem } from 'vscode';
import type {
  ExportedFile,
  ExporterDescription,
  ExportRequest,
  ExportScope,
  InspectionSummary,
} from '../../protocol.js';
import { withProgress } from '../base/progress.js';
import type { Session } from '../session/session.js';
import { placesOf, targetFor } from './save.js';
import { placeNumber } from '../../common/counting.js';

type Request = Omit<ExportRequest, 'inspection'>;

/** What a keybinding may set beforehand: {"exporter": "npz", "step": "scores", "layer": "all", "head": 0}; the rest is asked. */
interface Given {
  readonly exporter?: string;
  readonly step?: string;
  readonly scope?: ExportScope;
}

/** Asks what is to be taken away and where to, and saves it. */
export async function exportInspection(inspection: Session | undefined, given: unknown): Promise<void> {
  const summary = await inspection?.ready();
  if (inspection === undefined || summary === undefined)
    throw new Error(l10n.t('Nothing is open: inspect a selection or a file first.'));
  const set = readGiven(given);
  const exporter = await pickExporter(inspection, set);
  if (exporter === undefined) return;
  const step = exporter.of === 'step' ? (set.step ?? (await pickStep(inspection, summary))) : undefined;
  if (exporter.of === 'step' && step === undefined) return;
  const request = { exporter: exporter.id, ...(step === undefined ? {} : { step }) };
  const scope = set.scope ?? (await pickScope(inspection, summary, exporter, request));
  if (scope === undefined) return;
  const chosen = await pickPlace(summary, exporter, scope, step);
  if (chosen === undefined) return;
  const name = posix.parse(chosen.path).name;
  await save(inspection, { ...request, scope, name }, chosen);
}

async function save(inspection: Session, request: Request, chosen: Uri): Promise<void> {
  const files = await inspection.exportFiles(request);
  const places = placesOf(chosen, files);
  if (!(await mayReplace(places.slice(1)))) return;
  const target = targetFor(places, files);
  await withProgress(l10n.t('Exporting {0}', posix.basename(chosen.path)), async (signal, report) => {
    // When the user cancels, the notification is gone at once; what was begun is cleared away here nevertheless.
    try {
      const { chunks } = await inspection.export(request, signal);
      for await (const { file, bytes, fraction } of chunks) {
        await target.write(file, bytes);
        report({ message: l10n.t('{0} %', Math.floor(fraction * 100)), fraction });
      }
      signal.throwIfAborted();
      await target.finish();
    } finally {
      await target.discard();
    }
  });
  const names = places.map(({ path }) => posix.basename(path)).join(', ');
  window.setStatusBarMessage(l10n.t('$(check) Exported {0}', names), 4000);
}

/** The dialog has asked about the file that was chosen; the others are asked about here. */
async function mayReplace(others: readonly Uri[]): Promise<boolean> {
  const there = await Promise.all(others.map(async (uri) => ((await isFile(uri)) ? [uri] : [])));
  const names = there.flat().map(({ path }) => posix.basename(path));
  if (names.length === 0) return true;
  const replace = l10n.t('Replace');
  const question = l10n.t('{0} exists already. Replace it as well?', names.join(', '));
  return (await window.showWarningMessage(question, { modal: true }, replace)) === replace;
}

async function isFile(uri: Uri): Promise<boolean> {
  return workspace.fs.stat(uri).then(
    ({ type }) => (type & FileType.File) !== 0,
    () => false,
  );
}

/** Between one list and the next the panel takes the focus back: a list that gave way to that would vanish. Escape closes it. */
const staysOpen = { ignoreFocusOut: true } as const;

async function pickExporter(
  inspection: Session,
  { exporter: wanted }: Given,
): Promise<ExporterDescription | undefined> {
  const exporters = await inspection.exporters();
  if (wanted !== undefined) {
    const found = exporters.find(({ id }) => id === wanted);
    const names = exporters.map(({ id }) => id).join(', ');
    if (found === undefined)
      throw new Error(l10n.t('There is no exporter “{0}” here; there are {1}.', wanted, names));
    return found;
  }
  const items = exporters.map((exporter) => ({ label: exporter.title, detail: exporter.note, exporter }));
  const chosen = await window.showQuickPick(items, {
    title: l10n.t('Export as…'),
    matchOnDetail: true,
    ...staysOpen,
  });
  return chosen?.exporter;
}

/** The step that is looked at comes first. */
async function pickStep({ position }: Session, { steps }: InspectionSummary): Promise<string | undefined> {
  const items = steps
    .map(({ name, title, rows, columns }, at): QuickPickItem & { readonly name: string } => ({
      label: title,
      description: name === position.step ? l10n.t('shown now') : '',
      detail: l10n.t('Step {0}: {1} × {2} for each head', at + 1, rows.size, columns.size),
      name,
    }))
    .toSorted((a, b) => Number(b.name === position.step) - Number(a.name === position.step));
  const chosen = await window.showQuickPick(items, { title: l10n.t('Export which step?'), ...staysOpen });
  return chosen?.name;
}

/** This head or all, of this layer or all, each with its size. */
async function pickScope(
  inspection: Session,
  { layers, heads }: InspectionSummary,
  exporter: ExporterDescription,
  request: Pick<Request, 'exporter' | 'step'>,
): Promise<ExportScope | undefined> {
  const { layer, head } = inspection.position;
  // Words are those of all layers.
  if (exporter.of === 'words') return { layer: 'all', head: 'all' };
  const ofLayers: readonly ExportScope['layer'][] =
    exporter.of === 'step' && layers > 1 ? [layer, 'all'] : [layer];
  const ofHeads: readonly ExportScope['head'][] = heads > 1 ? [head, 'all'] : ['all'];
  const scopes = ofLayers.flatMap((one) => ofHeads.map((other) => ({ layer: one, head: other })));
  const [only, ...others] = scopes;
  if (others.length === 0) return only;
  const items = await Promise.all(
    scopes.map(async (scope) => ({
      label: titleOf(scope),
      description: sizeOf(await inspection.exportFiles({ ...request, scope, name: '' })),
      scope,
    })),
  );
  const chosen = await window.showQuickPick(items, {
    title: l10n.t('Export which layers and heads?'),
    ...staysOpen,
  });
  return chosen?.scope;
}

function titleOf({ layer, head }: ExportScope): string {
  const heads = head === 'all' ? l10n.t('all heads') : l10n.t('head {0}', placeNumber(head));
  return layer === 'all'
    ? l10n.t('All layers, {0}', heads)
    : l10n.t('Layer {0}, {1}', placeNumber(layer), heads);
}

function sizeOf(files: readonly ExportedFile[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const [unit, by] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : (['GB', 1e9] as const);
  return l10n.t('about {0} {1}', (bytes / by).toPrecision(bytes / by < 100 ? 2 : 3), unit);
}

async function pickPlace(
  { title }: InspectionSummary,
  { title: kind, extension }: ExporterDescription,
  { layer, head }: ExportScope,
  step: string | undefined,
): Promise<Uri | undefined> {
  const parts = [
    posix
      .basename(title)
      .replaceAll(/[^\p{L}\p{N}.-]+/gu, '-')
      .slice(0, 40),
    ...(step === undefined ? [] : [step]),
    ...(layer === 'all' ? [] : [`layer-${placeNumber(layer)}`]),
    ...(head === 'all' ? [] : [`head-${placeNumber(head)}`]),
  ];
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const name = `${parts.join('-')}.${extension}`;
  return window.showSaveDialog({
    title: l10n.t('Export'),
    saveLabel: l10n.t('Export'),
    filters: { [kind]: [extension] },
    ...(folder === undefined ? {} : { defaultUri: Uri.joinPath(folder, name) }),
  });
}

function readGiven(given: unknown): Given {
  if (typeof given !== 'object' || given === null) return {};
  const { exporter, step, layer, head }: Partial<Record<string, unknown>> = { ...given };
  const isPlace = (value: unknown): value is number | 'all' =>
    value === 'all' || (typeof value === 'number' && Number.isInteger(value) && value >= 0);
  return {
    ...(typeof exporter === 'string' ? { exporter } : {}),
    ...(typeof step === 'string' ? { step } : {}),
    ...(isPlace(layer) && isPlace(head) ? { scope: { layer, head } } : {}),
  };
}

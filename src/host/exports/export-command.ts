import { posix } from 'node:path';
import { FileType, l10n, window, workspace } from 'vscode';
import type { QuickPickItem, Uri } from 'vscode';
import type {
  ExportedFile,
  ExporterDescription,
  ExportRequest,
  ExportScope,
  InspectionSummary,
} from '../../protocol.js';
import type { HtmlOffer, PictureOffer } from '../../protocol.js';
import { separator } from '../base/separator.js';
import { withProgress } from '../base/progress.js';
import { saveInspection, savedExtensions } from '../saved/save-inspection.js';
import type { SavingContext } from '../saved/save-inspection.js';
import { stepsLatex } from '../../drawing/steps-latex.js';
import type { Session } from '../session/session.js';
import { placesOf, targetFor } from './save.js';
import { askPlace, savePage, staysOpen, takePicture } from './save-picture.js';
import type { GivenPicture, PictureSource } from './save-picture.js';
import { placeNumber } from '../../common/counting.js';

type Request = Omit<ExportRequest, 'inspection'>;

/**
 * What a keybinding may set beforehand: {"exporter": "npz", "step": "scores", "layer": "all", "head": 0}, or
 * {"picture": "heatmap", "format": "png", "scale": 2, "theme": "print"}; the rest is asked.
 */
interface Given extends GivenPicture {
  readonly picture?: string;
  readonly exporter?: string;
  readonly step?: string;
  readonly scope?: ExportScope;
}

/**
 * Asks what is to be taken away and where to, and saves it.
 * @param place where it is shown, which draws pictures of it, and what saving it takes
 */
export async function exportInspection(
  inspection: Session | undefined,
  given: unknown,
  { panel, saving }: { readonly panel?: PictureSource | undefined; readonly saving: SavingContext },
): Promise<void> {
  const summary = await inspection?.ready();
  if (inspection === undefined || summary === undefined)
    throw new Error(l10n.t('Nothing is open: inspect a selection or a file first.'));
  const set = readGiven(given);
  const what = await pickWhat(inspection, set, panel);
  if (what === undefined) return;
  if (what.kind === 'picture') {
    const { layer, head } = inspection.position;
    await takePicture(what.source, what.offer, what.dark, set, (extension) => {
      const parts = [what.offer.view, `layer-${placeNumber(layer)}`, `head-${placeNumber(head)}`];
      return fileName(summary, what.offer.view === 'heatmap' ? parts : [what.offer.view], extension);
    });
    return;
  }
  if (what.kind === 'steps') {
    await saveSteps(inspection, summary);
    return;
  }
  if (what.kind === 'page') {
    await savePage(what.source, fileName(summary, [], 'html'));
    return;
  }
  if (what.kind === 'inspection') {
    await saveInspection(inspection, saving, fileName(summary, [], savedExtensions[0]));
    return;
  }
  const { exporter } = what;
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

/** The steps with the numbers of the cell that is picked, or of the first. */
async function saveSteps(inspection: Session, summary: InspectionSummary): Promise<void> {
  const { layer, head, step: name, cell } = inspection.position;
  const step = summary.steps.find((each) => each.name === name);
  const on = (axis: 'query' | 'key'): number =>
    step?.rows.axis === axis ? (cell?.row ?? 0) : step?.columns.axis === axis ? (cell?.column ?? 0) : 0;
  const place = await askPlace(
    fileName(summary, ['steps', `layer-${placeNumber(layer)}`, `head-${placeNumber(head)}`], 'tex'),
    'LaTeX',
    ['tex'],
  );
  if (place === undefined) return;
  const text = await withProgress(l10n.t('Exporting {0}', posix.basename(place.path)), (signal) =>
    stepsLatex(
      {
        slice: (request, stop) => inspection.ask('slice', request, { signal: stop }),
        arithmetic: (request) => inspection.ask('arithmetic', request, { signal }),
      },
      summary,
      { layer, head, query: on('query'), key: on('key') },
      signal,
    ),
  );
  await workspace.fs.writeFile(place, new TextEncoder().encode(text));
  window.setStatusBarMessage(l10n.t('$(check) Exported {0}', posix.basename(place.path)), 4000);
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

type What =
  | { readonly kind: 'inspection' }
  | { readonly kind: 'steps' }
  | { readonly kind: 'page'; readonly source: PictureSource; readonly offer: HtmlOffer }
  | { readonly kind: 'exporter'; readonly exporter: ExporterDescription }
  | {
      readonly kind: 'picture';
      readonly source: PictureSource;
      readonly offer: PictureOffer;
      readonly dark: boolean;
    };

interface WhatItem extends QuickPickItem {
  /** None for a separator. */
  readonly what?: What;
}

/** Pictures of what is in sight, then numbers and formulas; what was said beforehand is not asked. */
async function pickWhat(
  inspection: Session,
  { exporter: wanted, picture }: Given,
  panel: PictureSource | undefined,
): Promise<What | undefined> {
  if (wanted === 'inspection') return { kind: 'inspection' };
  if (wanted === 'steps-latex') return { kind: 'steps' };
  if (wanted !== undefined && wanted !== 'html') {
    const exporters = await inspection.exporters();
    const found = exporters.find(({ id }) => id === wanted);
    const names = exporters.map(({ id }) => id).join(', ');
    if (found === undefined)
      throw new Error(l10n.t('There is no exporter “{0}” here; there are {1}.', wanted, names));
    return { kind: 'exporter', exporter: found };
  }
  const { pictures, page } = await drawable(panel);
  if (wanted === 'html') {
    if (page === undefined) throw new Error(l10n.t('There is nothing in sight that fits into a web page.'));
    return page;
  }
  if (picture !== undefined) {
    const found = pictures.find(({ offer }) => offer.view === picture);
    const names = pictures.map(({ offer }) => offer.view).join(', ');
    if (found === undefined)
      throw new Error(l10n.t('“{0}” is not in sight as a picture; what is: {1}.', picture, names || '–'));
    return found;
  }
  const exporters = await inspection.exporters();
  const items: readonly WhatItem[] = [
    ...(pictures.length === 0 ? [] : [separator(l10n.t('pictures'))]),
    ...pictures.map((what) => ({
      label: l10n.t('{0} as a picture', what.offer.title),
      detail: l10n.t('SVG or PNG, or to the clipboard'),
      what,
    })),
    ...(page === undefined
      ? []
      : [{ label: l10n.t('Interactive web page (.html)'), detail: pageDetail(page.offer), what: page }]),
    ...(pictures.length === 0 ? [] : [separator(l10n.t('numbers and formulas'))]),
    ...exporters.map((exporter) => ({
      label: exporter.title,
      detail: exporter.note,
      what: { kind: 'exporter' as const, exporter },
    })),
    {
      label: l10n.t('LaTeX of the steps with numbers (.tex)'),
      detail: l10n.t('Formulas, matrices, and how the picked cell came about'),
      what: { kind: 'steps' },
    },
    separator(l10n.t('to be opened again')),
    {
      label: l10n.t('Inspection (.{0})', savedExtensions[0]),
      detail: l10n.t('What was inspected, by which model, how, and where you are in it'),
      what: { kind: 'inspection' },
    },
  ];
  const chosen = await window.showQuickPick(items, {
    title: l10n.t('Export as…'),
    matchOnDetail: true,
    ...staysOpen,
  });
  return chosen?.what;
}

interface Drawable {
  readonly pictures: readonly Extract<What, { kind: 'picture' }>[];
  readonly page?: Extract<What, { kind: 'page' }>;
}

/** What the panel can draw now; nothing where its page does not answer. */
async function drawable(source: PictureSource | undefined): Promise<Drawable> {
  if (source === undefined) return { pictures: [] };
  try {
    const { offers, dark, html } = await source.pictures();
    return {
      pictures: offers.map((offer) => ({ kind: 'picture' as const, source, offer, dark })),
      ...(html === null ? {} : { page: { kind: 'page' as const, source, offer: html } }),
    };
  } catch {
    // Numbers can be taken away without the page.
    return { pictures: [] };
  }
}

/** How large it will be, and what is in it. */
function pageDetail({ bytes, scope }: HtmlOffer): string {
  const size = byteCount(bytes);
  switch (scope) {
    case 'all':
      return l10n.t('All heads and the steps, opens without a network: {0}', size);
    case 'layer':
      return l10n.t('The heads of this layer alone, since all would be too large, and the steps: {0}', size);
    case 'head':
      return l10n.t('This head alone, since all would be too large, and the steps: {0}', size);
  }
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
  return byteCount(files.reduce((sum, { size }) => sum + size, 0));
}

function byteCount(bytes: number): string {
  const [unit, by] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : (['GB', 1e9] as const);
  return l10n.t('about {0} {1}', (bytes / by).toPrecision(bytes / by < 100 ? 2 : 3), unit);
}

async function pickPlace(
  summary: InspectionSummary,
  { title: kind, extension }: ExporterDescription,
  { layer, head }: ExportScope,
  step: string | undefined,
): Promise<Uri | undefined> {
  const parts = [
    ...(step === undefined ? [] : [step]),
    ...(layer === 'all' ? [] : [`layer-${placeNumber(layer)}`]),
    ...(head === 'all' ? [] : [`head-${placeNumber(head)}`]),
  ];
  return askPlace(fileName(summary, parts, extension), kind, [extension]);
}

/** "all-MiniLM-L6-v2-weights-layer-3-head-7.npy" */
function fileName({ title }: InspectionSummary, parts: readonly string[], extension: string): string {
  const base = posix
    .basename(title)
    .replaceAll(/[^\p{L}\p{N}.-]+/gu, '-')
    .slice(0, 40);
  return `${[base, ...parts].join('-')}.${extension}`;
}

function readGiven(given: unknown): Given {
  if (typeof given !== 'object' || given === null) return {};
  const { exporter, step, layer, head, picture, format, scale, theme }: Partial<Record<string, unknown>> = {
    ...given,
  };
  const formats = ['svg', 'png', 'clipboard'] as const;
  const knownFormat = formats.find((each) => each === format);
  const themes = ['print', 'screen'] as const;
  const knownTheme = themes.find((each) => each === theme);
  const isPlace = (value: unknown): value is number | 'all' =>
    value === 'all' || (typeof value === 'number' && Number.isInteger(value) && value >= 0);
  return {
    ...(typeof exporter === 'string' ? { exporter } : {}),
    ...(typeof step === 'string' ? { step } : {}),
    ...(typeof picture === 'string' ? { picture } : {}),
    ...(knownFormat === undefined ? {} : { format: knownFormat }),
    ...(knownTheme === undefined ? {} : { theme: knownTheme }),
    ...(typeof scale === 'number' && scale >= 1 && scale <= 4 ? { scale } : {}),
    ...(isPlace(layer) && isPlace(head) ? { scope: { layer, head } } : {}),
  };
}

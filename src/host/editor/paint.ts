import {
  DecorationRangeBehavior,
  OverviewRulerLane,
  TextEditorRevealType,
  ThemeColor,
  window,
  workspace,
} from 'vscode';
import type { DecorationRenderOptions, Range, TextEditor, TextEditorDecorationType } from 'vscode';
import type { Labels, Mark, Medium, PanelReports } from '../../protocol.js';
import { Anchor } from './anchor.js';
import { Disposable } from '../base/disposable.js';
import type { Session } from '../session/session.js';
import { paintsEditor } from '../base/settings.js';

type Hover = NonNullable<PanelReports['hover']>;
type Answer = NonNullable<PanelReports['answer']>;

/** An editor that shows texts of an inspection. */
interface Canvas {
  readonly editor: TextEditor;
  readonly anchor: Anchor;
  readonly media: readonly Medium[];
}

/** Shades from faint to full, made once. */
const shades = 12;
/** Fainter than this share of the row's largest weight is not painted. */
const faintest = 0.02;

/** Colours the source text of an inspection by the weights of the row (or column) that is hovered in its panel. */
export class Painter extends Disposable {
  private types:
    | { readonly shades: readonly TextEditorDecorationType[]; readonly self: TextEditorDecorationType }
    | undefined;
  private readonly anchors = new Map<Session, Anchor>();
  private painted: { readonly inspection: Session; readonly editors: readonly TextEditor[] } | undefined;
  private latest = 0;

  constructor() {
    super();
    this.own(
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0 || this.painted === undefined) return;
        if (this.anchors.get(this.painted.inspection)?.uri === document.uri.toString()) this.clear();
      }),
    );
  }

  /** Follows the document that an inspection's text came from, from now until the inspection ends. */
  follow(inspection: Session): void {
    const { request } = inspection;
    if (request.kind !== 'text' || request.origin === undefined || this.anchors.has(inspection)) return;
    const anchor = this.own(new Anchor(request.origin, request.texts));
    this.anchors.set(inspection, anchor);
    inspection.onDidDispose(() => {
      this.clear(inspection);
      this.anchors.delete(inspection);
      anchor.dispose();
    });
  }

  /** Paints until `clear`, or until another is painted. Does nothing where the text is not on screen. */
  async paint(inspection: Session, { axis, index, layer, head }: Hover): Promise<void> {
    const turn = ++this.latest;
    const anchor = this.anchors.get(inspection);
    const { summary } = inspection;
    if (anchor === undefined || summary === undefined || !paintsEditor()) return;
    const editors = editorsOf(anchor);
    const weights = summary.steps.find(({ role }) => role === 'weights');
    // What is no attention is not painted as if it were.
    if (editors.length === 0 || weights === undefined) return;
    const only = { start: index, end: index + 1 };
    const { data, shape } = await inspection.ask('slice', {
      layer,
      head,
      step: weights.name,
      ...(axis === 'query' ? { rows: only } : { columns: only }),
    });
    if (turn !== this.latest || this.disposed) return;
    const across = axis === 'query' ? summary.keys : summary.queries;
    const along = axis === 'query' ? summary.queries : summary.keys;
    if (Math.max(...shape) !== across.count) return;
    if (this.painted !== undefined && this.painted.inspection !== inspection) this.erase();
    for (const editor of editors)
      this.paintOne({ editor, anchor, media: summary.media }, data, across, along, index);
    this.painted = { inspection, editors };
  }

  /** Frames an answer in the text, until `clear`, or until something else is painted. */
  mark(inspection: Session, { first, last, reveal }: Answer): void {
    this.clear();
    const anchor = this.anchors.get(inspection);
    const { media = [], queries } = inspection.summary ?? {};
    const marks = queries?.marks;
    const [begin, end] = [marks?.[first], marks?.[last]];
    if (anchor === undefined || begin?.kind !== 'span' || end?.kind !== 'span' || !paintsEditor()) return;
    const answer: Mark = { ...begin, end: end.end };
    const types = (this.types ??= this.make());
    const editors = editorsOf(anchor);
    for (const editor of editors) {
      const range = rangeOf(answer, media, anchor, editor);
      if (range === undefined) continue;
      editor.setDecorations(types.self, [range]);
      if (reveal) editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
    }
    this.painted = { inspection, editors };
  }

  /** Takes the paint off, of one inspection or of any. */
  clear(inspection?: Session): void {
    if (inspection !== undefined && this.painted !== undefined && this.painted.inspection !== inspection)
      return;
    this.latest++;
    this.erase();
  }

  override dispose(): void {
    this.erase();
    super.dispose();
  }

  private paintOne(
    { editor, anchor, media }: Canvas,
    weights: Float32Array,
    across: Labels,
    along: Labels,
    index: number,
  ): void {
    const types = (this.types ??= this.make());
    const strongest = weights.reduce((most, weight) => (weight > most ? weight : most), 0);
    const buckets: Range[][] = types.shades.map(() => []);
    across.marks?.forEach((mark, at) => {
      const share = (weights[at] ?? 0) / strongest;
      // A masked weight is NaN, and belongs in no bucket.
      if (!(share >= faintest)) return;
      const range = rangeOf(mark, media, anchor, editor);
      if (range !== undefined) buckets[Math.min(shades - 1, Math.floor(share * shades))]?.push(range);
    });
    types.shades.forEach((type, at) => {
      editor.setDecorations(type, buckets[at] ?? []);
    });
    const self = rangeOf(along.marks?.[index] ?? null, media, anchor, editor);
    editor.setDecorations(types.self, self === undefined ? [] : [self]);
  }

  private erase(): void {
    const { painted, types } = this;
    this.painted = undefined;
    if (painted === undefined || types === undefined) return;
    for (const editor of painted.editors) {
      for (const type of [...types.shades, types.self]) editor.setDecorations(type, []);
    }
  }

  private make(): NonNullable<Painter['types']> {
    const make = (options: DecorationRenderOptions): TextEditorDecorationType =>
      this.own(
        window.createTextEditorDecorationType({
          rangeBehavior: DecorationRangeBehavior.ClosedClosed,
          ...options,
        }),
      );
    return {
      shades: Array.from({ length: shades }, (_, at) => {
        const share = (at + 1) / shades;
        return make({
          light: { backgroundColor: `rgba(245, 158, 0, ${(0.6 * share).toFixed(3)})` },
          dark: { backgroundColor: `rgba(255, 214, 0, ${(0.5 * share).toFixed(3)})` },
        });
      }),
      self: make({
        outline: '2px solid',
        outlineColor: new ThemeColor('focusBorder'),
        overviewRulerColor: new ThemeColor('focusBorder'),
        overviewRulerLane: OverviewRulerLane.Center,
      }),
    };
  }
}

function editorsOf(anchor: Anchor): readonly TextEditor[] {
  return window.visibleTextEditors.filter(({ document }) => document.uri.toString() === anchor.uri);
}

/** Where the part of a text that a mark names stands in an editor; undefined for other media, and for what is not there any more. */
function rangeOf(
  mark: Mark | null,
  media: readonly Medium[],
  anchor: Anchor,
  editor: TextEditor,
): Range | undefined {
  const medium = media.find(({ id }) => id === mark?.medium);
  if (mark?.kind !== 'span' || medium?.kind !== 'text') return undefined;
  return anchor.range(editor.document, medium.index, mark);
}

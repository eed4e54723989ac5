import type { InspectionSummary, Step } from '../../src/protocol.js';
import type { UseOfWebGL } from '../draw/painter.js';
import type { Target } from '../draw/target.js';
import type { Matrices } from '../matrices.js';
import type { Column, Covering, Panel } from '../panel.js';
import type { Theme } from '../theme.js';

/** What a view is given to work with. */
export interface ViewContext {
  readonly panel: Panel;
  /** Numbers of what is inspected; rows that were asked for are shared between views. */
  readonly matrices: Matrices;
  /** As it is now; `retheme` tells of another. */
  readonly theme: Theme;
  readonly drawing: { readonly webgl: UseOfWebGL };
  /** Tells the host what is pointed at in a step's matrix; null when nothing is. */
  hover(target: Target | null, step: Step | null): void;
  /** For what went wrong and has no place of its own on the page. */
  reportError(error: unknown): void;
  /** What `remember` gives is another than before. */
  changed(): void;
}

/** A view in the page, until it is disposed of. */
export interface OpenView {
  readonly element: HTMLElement;
  /** In the centre: what stands in the toolbar above while the view is shown. */
  readonly tools?: HTMLElement;
  /** The element stands in the page from now on: what depends on its size can begin. */
  attached?(): void;
  /** The theme is another: canvases are drawn anew. What CSS draws follows by itself. */
  retheme?(theme: Theme): void;
  /** Where the user is in it: plain data, never what was computed. */
  remember?(): unknown;
  /** Stops listening, asking and drawing. The page takes the element away. */
  dispose(): void;
}

interface Common {
  /** Of this view alone, the same in every version: what it remembers is kept under it. */
  readonly id: string;
  /** On its tab or button, and read aloud for its place. */
  readonly title: string;
  /**
   * `left` and `right`: a section of that column, in the order of the list. `centre`: a tab, one of the ways to show the matrix.
   * `whole`: in place of the centre and the right column, opened with a button of the top bar.
   */
  readonly place: Column | 'whole';
  /** On the left: with two columns it stands above the matrix, where there is room. */
  readonly above?: true;
  /** A letter that opens it, and closes it where its place is `whole`. */
  readonly key?: string;
  /** In the centre: where it is offered, it is what is seen first. */
  readonly leads?: boolean;
  /** Said of its button, where its place is `whole`. */
  readonly hint?: string;
  /**
   * Whether it has something to show of an inspection. Without it a view is always offered, and is opened before there is an
   * inspection, so that its first picture does not wait for that.
   */
  offered?(summary: InspectionSummary): boolean;
  /** Where its place is `whole`: the things of which it shows one at a time. Its button is a menu of them. */
  choices?(summary: InspectionSummary): readonly { readonly name: string; readonly title: string }[];
}

/** How a view is registered. `Memory` is what it remembers between being closed and opened again, in another life of the page too. */
export interface View<Memory> extends Common {
  /** Reads what `remember` gave, in whatever version of this page: it comes from outside. Null where it makes no sense. */
  readonly recall: (remembered: unknown) => Memory | null;
  readonly open: (context: ViewContext, recalled: Memory | null) => OpenView;
}

/** A view as the page sees it. */
export interface RegisteredView extends Common {
  readonly open: (context: ViewContext, remembered: unknown) => OpenView;
}

/** Registers a view that remembers something; one that does not is a `RegisteredView` as it is. */
export function defineView<Memory>({ recall, open, ...view }: View<Memory>): RegisteredView {
  return { ...view, open: (context, remembered) => open(context, recall(remembered)) };
}

export function isOffered(view: RegisteredView, summary: InspectionSummary): boolean {
  return view.offered?.(summary) ?? true;
}

/** True where a view stands in place of the matrix, and what it is to show exists in an inspection. */
export function canCover(
  views: readonly RegisteredView[],
  { view: id, choice }: Covering,
  summary: InspectionSummary,
): boolean {
  const view = views.find((each) => each.id === id);
  if (view?.place !== 'whole' || !isOffered(view, summary)) return false;
  const choices = view.choices?.(summary) ?? null;
  return choices === null ? choice === null : choices.some(({ name }) => name === choice);
}

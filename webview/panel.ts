import type { Channel } from '../src/channel.js';
import { nearestPosition } from '../src/position.js';
import type {
  AxisName,
  HeadPlace,
  HeadTypesState,
  InspectionSummary,
  Moved,
  PageMethods,
  PanelMethods,
  PanelNotices,
  PanelReports,
  PanelState,
  Position,
  Step,
} from '../src/protocol.js';
import type { ScaleChoice } from '../src/drawing/colors/choice.js';
import { usualChoice } from '../src/drawing/colors/choice.js';
import type { Cell } from './draw/viewport.js';
import { OwnMoves } from './moves.js';
import { Store } from './store.js';
import { findStep } from '../src/drawing/labels.js';

export type PanelChannel = Channel<PanelMethods, PanelReports, PageMethods, PanelNotices>;

/** Which index of each axis the steps explain; a picked cell sets two of them. */
export type Chosen = Readonly<Record<AxisName, number>>;

/** The page's columns, from left to right. A group of two columns shows the centre and one beside it, a narrow one shows one. */
export type Column = 'left' | 'centre' | 'right';

/** How much room there is: three columns, two, or one. */
export type Mode = 'wide' | 'medium' | 'narrow';

/** A view that stands in place of the centre and the right column. */
export interface Covering {
  readonly view: string;
  /** Which of the things that it can show, by name; null where it has no choices. */
  readonly choice: string | null;
}

/** Where an earlier life of the page was. */
export interface SavedLocation {
  readonly summaryKey: string;
  readonly origin: string;
  readonly position: Position;
  readonly covering: Covering | null;
  /** Null where an earlier version saved none. */
  readonly scale: ScaleChoice | null;
}

export interface PanelView {
  readonly content:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'inspection'; readonly summary: InspectionSummary }
    | { readonly kind: 'failed'; readonly message: string };
  readonly busy: {
    readonly title: string;
    readonly message: string | null;
    readonly fraction: number | null;
  } | null;
  readonly position: Position;
  /** The hovered cell, or the keyboard's, of the step that is shown. */
  readonly cursor: Cell | null;
  readonly chosen: Chosen;
  /** Milliseconds from asking for a matrix to seeing it. */
  readonly picture: number | null;
  readonly mode: Mode;
  /** The column that a narrow group shows. */
  readonly front: Column;
  /** Which of the centre's views is shown, by id. */
  readonly centre: string;
  readonly covering: Covering | null;
  /** The heads' types, as the host last told without being asked. */
  readonly headTypes: HeadTypesState | null;
  /** Names what is inspected for what views remember of it: its id when this page, or an earlier life of it, first saw it. */
  readonly origin: string;
  /** How numbers become colours, in all pictures of what is inspected. */
  readonly scale: ScaleChoice;
  /** Heads that are to be looked at side by side, as another view names them. */
  readonly together: readonly HeadPlace[];
}

const nowhere: Position = { layer: 0, head: 0, step: '' };
const firsts: Chosen = {
  query: 0,
  key: 0,
  feature: 0,
  value: 0,
  model: 0,
  hidden: 0,
  sample: 0,
  endpoint: 0,
  frame: 0,
  image: 0,
  caption: 0,
};

export function emptyView(): PanelView {
  return {
    content: { kind: 'waiting' },
    busy: null,
    position: nowhere,
    cursor: null,
    chosen: firsts,
    picture: null,
    mode: 'wide',
    front: 'centre',
    centre: '',
    covering: null,
    headTypes: null,
    origin: '',
    scale: usualChoice,
    together: [],
  };
}

/** The same as long as one head of one run is shown; empty where none is. */
export function shownHead({ content, position }: PanelView): string {
  return content.kind === 'inspection'
    ? JSON.stringify([content.summary.id, content.summary.revision, position.layer, position.head])
    : '';
}

/** How many indices an axis has, in the steps of an inspection. */
export function axisSize(summary: InspectionSummary, axis: AxisName): number {
  if (axis === 'query') return summary.queries.count;
  if (axis === 'key') return summary.keys.count;
  const sides = summary.steps.flatMap((step) => [step.rows, step.columns]);
  return Math.max(1, ...sides.filter((side) => side.axis === axis).map((side) => side.size));
}

/** The panel's state and everything that can be done to it. Views read the store and call these. */
export class Panel {
  readonly store = new Store<PanelView>(emptyView());
  private inspected = '';
  private readonly moves = new OwnMoves();
  private matrix: Promise<void> = Promise.resolve();

  constructor(
    readonly channel: PanelChannel,
    /** What an earlier life of the page remembered; used where the inspection is the same in all but its id. */
    private recalled: SavedLocation | null,
    /** Whether a view can stand in place of the matrix of an inspection. */
    private readonly canCover: (covering: Covering, summary: InspectionSummary) => boolean,
    /** The colours of what has not been inspected before. */
    private readonly usualScale: ScaleChoice = usualChoice,
  ) {
    this.store.update({ scale: usualScale });
  }

  get summary(): InspectionSummary | null {
    const { content } = this.store.get();
    return content.kind === 'inspection' ? content.summary : null;
  }

  get step(): Step | null {
    const { summary } = this;
    return summary === null ? null : (findStep(summary, this.store.get().position.step) ?? null);
  }

  /** A matrix has been asked for; what is given settles when it has come, or will not come. */
  awaitMatrix(matrix: Promise<void>): void {
    this.matrix = matrix;
  }

  /**
   * Waits for the matrix that was asked for last. What else is asked of the engine comes after it: of a large matrix everything
   * takes long, and all at once would keep the picture waiting the longest.
   */
  async matrixShown(): Promise<void> {
    for (let awaited: Promise<void> | null = null; awaited !== this.matrix;) {
      awaited = this.matrix;
      await awaited;
    }
  }

  /** Takes on what the host says is open. */
  show(state: PanelState): void {
    switch (state.kind) {
      case 'busy':
        this.store.update({
          busy: { title: state.title, ...(state.progress ?? { message: null, fraction: null }) },
        });
        break;
      case 'failed':
        this.store.update({
          content: { kind: 'failed', message: state.message },
          busy: null,
          cursor: null,
        });
        break;
      case 'inspection': {
        const { summary } = state;
        const key = summaryKey(summary);
        const saved = this.recalled?.summaryKey === key ? this.recalled : null;
        const recalled = saved?.position ?? null;
        this.recalled = null;
        // The host's word counts; only one that has been nowhere yet is told where the user was.
        const fresh = state.position.cell === undefined && recalled?.cell !== undefined;
        // Told before the host heard of the newest move: where this page is stays.
        const stays = this.moves.unanswered && summary.id === this.summary?.id;
        const told = stays ? this.store.get().position : state.position;
        const position = nearestPosition(summary, fresh ? recalled : told);
        const another = summary.id !== this.inspected;
        this.store.update({
          ...(another ? { scale: saved?.scale ?? this.usualScale } : {}),
          content: { kind: 'inspection', summary },
          busy: null,
          position,
          cursor: null,
          picture: null,
          chosen: this.choose(summary, position, this.store.get().chosen),
          origin: this.originOf(summary, saved),
          covering: this.nextCovering(summary, saved),
        });
        if (fresh) this.report();
        break;
      }
    }
  }

  /** Changes the colours of all pictures. */
  color(changes: Partial<ScaleChoice>): void {
    const { scale } = this.store.get();
    this.store.update({ scale: { ...scale, ...changes } });
  }

  /** The colours as the settings have them. */
  resetColors(): void {
    this.store.update({ scale: this.usualScale });
  }

  /** Puts a view in place of the matrix; null uncovers that. */
  cover(covering: Covering | null): void {
    this.store.update({ covering, cursor: null });
  }

  private originOf({ id }: InspectionSummary, saved: SavedLocation | null): string {
    const same = this.inspected === id;
    this.inspected = id;
    return saved?.origin ?? (same ? this.store.get().origin : id);
  }

  /** What covers the matrix goes on doing so while it can show something of what is inspected now. */
  private nextCovering(summary: InspectionSummary, saved: SavedLocation | null): Covering | null {
    const wanted = saved === null ? this.store.get().covering : saved.covering;
    return wanted !== null && this.canCover(wanted, summary) ? wanted : null;
  }

  /** Follows the host, without telling it what it said, and without going back to where its own moves have been. */
  follow({ position, answers }: Moved): void {
    const { summary } = this;
    if (!this.moves.isNews(answers) || summary === null) return;
    const next = nearestPosition(summary, position);
    if (JSON.stringify(next) !== JSON.stringify(this.store.get().position)) this.place(next);
  }

  progress(message: string, fraction: number | null): void {
    const { busy } = this.store.get();
    if (busy !== null) this.store.update({ busy: { ...busy, message, fraction } });
  }

  /** Opens a head. In a group of one column the matrix comes to the front: having chosen a head, the user wants to see it. */
  openHead(layer: number, head: number): void {
    this.move({ ...this.store.get().position, layer, head });
    if (this.store.get().mode === 'narrow') this.store.update({ front: 'centre' });
  }

  /** Opens a step of another head with one of its cells picked, in one move. */
  openCell({ layer, head }: HeadPlace, { name }: Step, cell: Cell): void {
    this.move({ layer, head, step: name, cell });
    if (this.store.get().mode === 'narrow') this.store.update({ front: 'centre' });
  }

  /** Shows heads side by side, in a view of the centre that can. */
  showTogether(heads: readonly HeadPlace[], view: string): void {
    this.store.update({ together: heads, centre: view, covering: null, front: 'centre' });
  }

  /** Takes on that a matrix is on screen, so many milliseconds after it was asked for; tells the host of the first. */
  painted(milliseconds: number): void {
    const first = this.store.get().picture === null;
    this.store.update({ picture: milliseconds });
    if (first) this.channel.notify('painted', { milliseconds });
  }

  /** Shows a step's matrix, with one of its cells picked, or the one that belongs to what is picked now. */
  openStep(step: Step, cell?: Cell): void {
    const { position, chosen } = this.store.get();
    const belonging = position.cell === undefined ? undefined : cellFor(step, chosen);
    const picked = cell ?? belonging;
    const { layer, head } = position;
    this.move({ layer, head, step: step.name, ...(picked === undefined ? {} : { cell: picked }) });
    this.store.update({ front: 'centre' });
  }

  /** Picks the weight of one token on another, in the head that is open. */
  pickTokens({ first, last }: { readonly first: number; readonly last: number }): void {
    const { summary } = this;
    const weights = summary === null ? undefined : findStep(summary, 'weights');
    if (weights !== undefined) this.openStep(weights, { row: first, column: last });
  }

  pick(cell: Cell | null): void {
    const { layer, head, step } = this.store.get().position;
    this.move({ layer, head, step, ...(cell === null ? {} : { cell }) });
  }

  point(cell: Cell | null): void {
    const { cursor } = this.store.get();
    if (cell?.row === cursor?.row && cell?.column === cursor?.column) return;
    this.store.update({ cursor: cell });
  }

  /** Explains another feature (or query, or key) of what is picked. */
  choosePlace(axis: AxisName, index: number): void {
    const { chosen, position } = this.store.get();
    const { summary, step } = this;
    if (summary === null || step === null) return;
    const size = axisSize(summary, axis);
    const next = { ...chosen, [axis]: Math.min(Math.max(0, index), size - 1) };
    const shown = step.rows.axis === axis || step.columns.axis === axis;
    if (shown && position.cell !== undefined) this.move({ ...position, cell: cellFor(step, next) });
    else this.store.update({ chosen: next });
  }

  private move(position: Position): void {
    const { summary } = this;
    if (summary === null) return;
    this.place(nearestPosition(summary, position));
    this.report();
  }

  private place(position: Position): void {
    const { summary } = this;
    if (summary === null) return;
    const { position: before, chosen, cursor } = this.store.get();
    this.store.update({
      position,
      cursor: position.step === before.step ? cursor : null,
      chosen: this.choose(summary, position, chosen),
    });
  }

  private report(): void {
    this.channel.notify('position', { position: this.store.get().position, number: this.moves.next() });
  }

  private choose(summary: InspectionSummary, position: Position, chosen: Chosen): Chosen {
    const next: Record<AxisName, number> = { ...chosen };
    const step = findStep(summary, position.step);
    if (step !== undefined && position.cell !== undefined) {
      next[step.rows.axis] = position.cell.row;
      next[step.columns.axis] = position.cell.column;
    }
    for (const axis of Object.keys(firsts) as AxisName[]) {
      next[axis] = Math.min(next[axis], axisSize(summary, axis) - 1);
    }
    const same = (Object.keys(firsts) as AxisName[]).every((axis) => next[axis] === chosen[axis]);
    return same ? chosen : next;
  }
}

/** The cell of a step that belongs to what is chosen along its axes. */
export function cellFor(step: Step, chosen: Chosen): Cell {
  return {
    row: Math.min(chosen[step.rows.axis], step.rows.size - 1),
    column: Math.min(chosen[step.columns.axis], step.columns.size - 1),
  };
}

/** The query whose matrix is shown, of a step that has one for each; null of any other. */
export function shownQuery({ content, position, chosen }: PanelView): number | null {
  const step = content.kind === 'inspection' ? findStep(content.summary, position.step) : undefined;
  return step?.perQuery === true ? chosen.query : null;
}

/** The same for two runs of the same thing, whatever ids they were given. */
export function summaryKey(summary: InspectionSummary): string {
  const { title, layers, heads, queries, keys, mechanism } = summary;
  return JSON.stringify([title, mechanism.id, layers, heads, queries.count, keys.count]);
}

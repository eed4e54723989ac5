import type { Phase } from '../../../src/protocol.js';
import { h, settled } from '../../dom.js';
import type { MatrixPicture } from '../../draw/picture.js';
import type { Target } from '../../draw/target.js';
import { wholeLabel } from '../../draw/target.js';
import type { Cell } from '../../draw/viewport.js';
import type { Panel } from '../../panel.js';
import type { Store } from '../../store.js';
import type { Theme } from '../../theme.js';
import type { ViewContext } from '../view.js';
import { longLabel } from '../../../src/drawing/labels.js';
import { compareStrings } from './strings.js';
import { align, phases, weightsOf } from './alignment.js';
import { Column, pickedOf } from './column.js';
import { Comparison } from './comparison.js';
import { Lens } from '../../draw/lens.js';
import { metricNames } from './metrics.js';
import type { Range } from './pictures.js';
import { sameSize } from './pictures.js';
import { attachPointing } from '../../draw/pointing.js';
import type { CompareMemory } from './view.js';

/** The matrices are no higher than this share of the view, or this many pixels where that is less. */
const shareOfHeight = 0.56;
const leastHeight = 220;
/** Phases that are one line until they are opened: what goes in, and what comes after the output. */
const closedAtFirst: ReadonlySet<Phase> = new Set(['input', 'gradient', 'task']);

export interface ColumnsEvents {
  /** Null when nothing runs any more. */
  progress(message: string | null): void;
  full(full: boolean): void;
}

/** The columns: how many there are, what they look at together, and their common colours. */
export class Columns {
  private readonly list = h('div', { class: 'compare-columns' });
  private readonly spoken = h('div', { class: 'aside', attributes: { 'aria-live': 'polite' } });
  readonly element = h('div', { class: 'compare-body' }, this.list, this.spoken);
  private readonly comparison: Comparison;
  private readonly lens: Lens;
  private readonly panel: Panel;
  private theme: Theme;
  private columns: Column[] = [];
  private aloud = false;
  private readonly stops: (() => void)[] = [];
  private readonly observer: ResizeObserver;
  private readonly resized = settled(250, () => {
    this.sharpen();
  });

  constructor(
    private readonly context: ViewContext,
    private readonly memory: Store<CompareMemory>,
    private readonly events: ColumnsEvents,
  ) {
    this.panel = context.panel;
    this.theme = context.theme;
    this.lens = this.makeLens();
    this.comparison = new Comparison(context.panel, memory, {
      changed: () => {
        this.sync();
      },
      progress: ({ message }) => {
        events.progress(message);
      },
    });
    this.observer = new ResizeObserver(() => {
      this.layout();
      this.resized.ask();
    });
  }

  start(): void {
    const { store } = this.panel;
    this.comparison.start();
    this.observer.observe(this.element);
    this.stops.push(
      store.watch(
        ({ position }) => `${position.layer} ${position.head}`,
        () => {
          this.ask(false);
        },
      ),
      store.watch(
        () => JSON.stringify(pickedOf(this.panel)),
        () => {
          const cell = pickedOf(this.panel);
          if (cell !== null) this.lens.reveal(cell);
          for (const column of this.columns) column.explain();
          this.read();
          this.lens.ask();
        },
      ),
      this.memory.watch(
        ({ opened }) => opened,
        () => {
          this.align();
        },
      ),
    );
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    this.observer.disconnect();
    this.resized.drop();
    this.comparison.dispose();
    for (const column of this.columns) column.dispose();
    this.columns = [];
    this.element.remove();
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    for (const column of this.columns) column.retheme(theme);
    this.layout();
    this.rescale();
  }

  add(): void {
    this.comparison.add();
  }

  private get first(): Column | undefined {
    return this.columns[0];
  }

  /** Makes the columns what the comparison says. */
  private sync(): void {
    const { summary } = this.panel;
    if (summary === null) return;
    const count = 1 + this.comparison.changes.length;
    while (this.columns.length > count) this.columns.pop()?.dispose();
    while (this.columns.length < count) this.grow();
    this.events.full(this.comparison.full);
    for (const [at, column] of this.columns.entries()) {
      const beside = at === 0 ? null : this.comparison.beside(at - 1);
      column.show(summary, beside, this.comparison.changes[at - 1] ?? {});
      const waits = beside !== null && this.comparison.summary(at - 1) === null && beside.kind !== 'failed';
      column.element.classList.toggle('renewing', waits);
    }
    this.align();
    this.layout();
    this.ask(false);
    this.arrived();
  }

  private grow(): void {
    const at = this.columns.length - 1;
    const isFirst = at < 0;
    const column: Column = new Column(
      this.panel,
      () => this.comparison.summary(at),
      isFirst,
      this.theme,
      this.context.drawing,
      this.makeLens(),
      {
        change: (changes) => {
          this.comparison.change(at, changes);
        },
        remove: () => {
          this.comparison.remove(at);
          this.first?.pictures.weights.element.focus({ preventScroll: true });
        },
        toggle: (phase) => {
          const { opened } = this.memory.get();
          this.memory.update({ opened: { ...opened, [phase]: this.isClosed(phase) } });
        },
        arrived: () => {
          this.arrived();
        },
        read: () => {
          this.read();
        },
        metrics: () => {
          this.showMetrics();
        },
      },
      () => {
        this.lens.ask();
      },
    );
    this.columns.push(column);
    this.list.append(column.element);
    this.connect(column, column.pictures.weights);
    if (column.pictures.difference !== null) this.connect(column, column.pictures.difference);
  }

  private makeLens(): Lens {
    return new Lens({
      draw: () => {
        this.draw();
      },
      looked: () => {
        for (const { pictures, own } of this.columns) {
          const { frame, viewport } = this.lens;
          const mine = own.frame === null ? { frame, viewport } : own;
          if (mine.frame === null || mine.viewport === null) continue;
          const { largest } = pictures.weights;
          pictures.layers.look(mine.viewport, mine.frame, window.devicePixelRatio, largest);
        }
      },
    });
  }

  private lensOf(column: Column): Lens {
    const own = column.shown?.step;
    const first = this.first?.shown?.step;
    return own === undefined || first === undefined || sameSize(own, first) ? this.lens : column.own;
  }

  private isClosed(phase: Phase): boolean {
    const { [phase]: opened } = this.memory.get().opened;
    return opened === undefined ? closedAtFirst.has(phase) : !opened;
  }

  /** The same phases at the same height in all columns; a column that waits keeps what it says. */
  private align(): void {
    const { summary } = this.panel;
    if (summary === null) return;
    const closed = new Set(phases.filter((phase) => this.isClosed(phase)));
    const summaries = this.columns.map((_, at) => this.comparison.summary(at - 1));
    const seen = new Set(
      [summary, ...summaries].flatMap((each) => each?.steps.map(({ phase }) => phase) ?? []),
    );
    for (const [at, column] of this.columns.entries()) {
      const own = summaries[at] ?? column.shown?.summary;
      column.align(own === undefined ? [] : align(summary, own), seen, closed);
    }
  }

  /** One size for all matrices of the same number of rows and columns. */
  private layout(): void {
    const { first } = this;
    const room = first?.pictures.weightsElement.clientWidth ?? 0;
    const { summary } = this.panel;
    if (first === undefined || summary === null || room === 0) return;
    const seen = this.element.parentElement?.clientHeight ?? 0;
    const most = Math.max(leastHeight, seen * shareOfHeight);
    const fitted = new Set<Lens>();
    for (const column of this.columns) {
      const own = column.isFirst ? summary : (column.summary() ?? column.shown?.summary);
      const step = own === undefined ? undefined : weightsOf(own);
      if (own === undefined || step === undefined) continue;
      const gutter = column.pictures.weights.gutter(own, step, this.theme, room);
      column.pictures.difference?.gutter(own, step, this.theme, room);
      const firstStep = weightsOf(summary);
      const lens = firstStep === undefined || sameSize(step, firstStep) ? this.lens : column.own;
      if (!fitted.has(lens)) {
        const width = Math.max(80, room - gutter.left - gutter.right);
        lens.fit(step.rows.size, step.columns.size, width, Math.max(100, most - gutter.top), gutter);
        fitted.add(lens);
      }
      column.pictures.compareShapes(step, firstStep);
      column.pictures.place(lens);
    }
  }

  private ask(anew: boolean): void {
    for (const column of this.columns) {
      const summary = column.summary();
      const step = summary === null ? undefined : weightsOf(summary);
      const first = this.panel.summary === null ? undefined : weightsOf(this.panel.summary);
      if (step === undefined || first === undefined) continue;
      const { frame } = sameSize(step, first) ? this.lens : column.own;
      if (frame === null) continue;
      const ratio = window.devicePixelRatio;
      column.ask({ width: frame.width * ratio, height: frame.height * ratio }, anew);
    }
  }

  /** After a resize: asks again where the pictures are pooled for another size. */
  private sharpen(): void {
    const overview = this.first?.pictures.layers.overview ?? null;
    const { frame } = this.lens;
    const pooled = overview !== null && frame !== null && overview.data.length < frame.rows * frame.columns;
    this.ask(pooled);
  }

  private arrived(): void {
    const { first } = this;
    if (first === undefined) return;
    for (const column of this.columns) column.pictures.subtract(first.pictures);
    this.rescale();
    this.read();
  }

  private rescale(): void {
    const weights = spanned(this.columns.map(({ pictures }) => pictures.range));
    const differences = spanned(this.columns.map(({ pictures }) => pictures.differenceRange));
    for (const { pictures, shown } of this.columns) {
      if (shown !== null)
        pictures.rescale(shown.step, this.theme, weights, differences, this.panel.store.get().scale.map);
    }
    this.lens.ask();
  }

  private showMetrics(): void {
    const names = metricNames(this.columns.map(({ metrics }) => metrics));
    const first = this.first?.metrics ?? null;
    for (const column of this.columns) column.showMetrics(names, column.isFirst ? null : first);
  }

  private draw(): void {
    const picked = pickedOf(this.panel);
    for (const column of this.columns) {
      const { pictures, shown } = column;
      if (shown !== null) pictures.draw(this.lensOf(column), { ...shown, theme: this.theme, picked });
    }
  }

  private connect(column: Column, picture: MatrixPicture): void {
    const lens = (): Lens => this.lensOf(column);
    attachPointing(picture.element, {
      lens,
      step: () => column.shown?.step ?? null,
      current: () => this.current(lens()),
      aim: (target, aloud) => {
        this.aim(column, target, aloud);
      },
      pick: (cell) => {
        this.pick(cell);
      },
      leave: () => {
        this.panel.cover(null);
      },
    });
  }

  private current(lens: Lens): Cell | null {
    return lens.target?.kind === 'cell' ? lens.target.cell : pickedOf(this.panel);
  }

  private pick(cell: Cell | null): void {
    const { summary } = this.panel;
    if (cell === null) {
      this.panel.pick(null);
      return;
    }
    const step = summary === null ? undefined : weightsOf(summary);
    if (step !== undefined) this.panel.openStep(step, cell);
  }

  private aim(column: Column, target: Target | null, aloud: boolean): void {
    const { shown } = column;
    if (shown === null || !this.lensOf(column).aim(target)) return;
    this.aloud = aloud;
    const whole = wholeLabel(target, shown.summary, shown.step);
    for (const { element } of [
      column.pictures.weights,
      column.pictures.difference ?? column.pictures.weights,
    ])
      if (element.title !== whole) element.title = whole;
    this.context.hover(target, shown.step);
    this.read();
  }

  /** The same cell's number in every column. */
  private read(): void {
    const { first } = this;
    if (first === undefined) return;
    const said = this.columns.map((column) => {
      const at = this.current(this.lensOf(column));
      return column.read(at, first);
    });
    this.describe();
    const cell = this.current(this.lens);
    const { shown } = first;
    if (!this.aloud || cell === null || shown === null || said.some((text) => text.includes('…'))) return;
    const where = [longLabel(shown.summary, 'query', cell.row), longLabel(shown.summary, 'key', cell.column)];
    this.spoken.textContent = `${where.join(', ')}. ${said.filter((text) => text !== '').join('; ')}`;
  }

  private describe(): void {
    for (const column of this.columns) {
      const { weights, difference } = column.pictures;
      weights.element.setAttribute('aria-label', compareStrings.weights(column.title));
      difference?.element.setAttribute('aria-label', `${compareStrings.difference}, ${column.title}`);
    }
  }
}

/** From the smallest to the largest of them all. */
function spanned(ranges: readonly Range[]): Range {
  return {
    minimum: Math.min(...ranges.map(({ minimum }) => minimum)),
    maximum: Math.max(...ranges.map(({ maximum }) => maximum)),
  };
}

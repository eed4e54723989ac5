import type { AxisName, Slice, SliceRequest, Step } from '../../../src/protocol.js';
import { h, settled, uniqueId } from '../../dom.js';
import { matrixScale } from '../../../src/drawing/colors/matrix-scale.js';
import { paintMatrix } from '../../draw/strip.js';
import { prose } from '../../draw/prose.js';
import { renderTex } from '../../draw/tex.js';
import { formatShape } from '../../../src/drawing/format.js';
import type { Matrices } from '../../matrices.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import { axisSize, cellFor } from '../../panel.js';
import type { Store } from '../../store.js';
import type { Theme } from '../../theme.js';
import type { ViewContext } from '../view.js';
import { axisTitle, forQuery, isPairwise, longLabel, ordinal } from '../../../src/drawing/labels.js';
import { ArithmeticView } from './arithmetic.js';
import { stepper } from './stepper.js';
import type { StepsMemory } from './view.js';

/** A small matrix has at most so many rows and columns of numbers. */
const miniature = { rows: 128, columns: 384 };
/** The height of its picture, in CSS pixels. */
const tallest = 120;

/** One step: its name and shape, its formula, and, opened, its matrix and a cell's arithmetic. */
export class StepView {
  private readonly toggle: HTMLButtonElement;
  private readonly canvas = h('canvas', { class: 'step-canvas', attributes: { 'aria-hidden': 'true' } });
  private readonly mark = h('span', { class: 'step-mark', attributes: { 'aria-hidden': 'true' } });
  private readonly picture = h(
    'button',
    { class: 'step-picture', attributes: { type: 'button' } },
    this.canvas,
    this.mark,
  );
  private readonly arithmetic: ArithmeticView;
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly query = h('p', { class: 'step-query' });
  private readonly choosers = h('div', { class: 'step-choosers' });
  private offered = '';
  private readonly body: HTMLElement;
  readonly element: HTMLLIElement;
  private readonly panel: Panel;
  private readonly matrices: Matrices;
  private theme: Theme;
  private slice: Slice | null = null;
  private asking: AbortController | null = null;
  private readonly stops: (() => void)[] = [];
  private readonly rest = settled(15, () => {
    void this.fetch();
  });

  constructor(
    { panel, matrices, theme }: ViewContext,
    private readonly memory: Store<StepsMemory>,
    private readonly step: Step,
    number: number,
    private readonly opensAtFirst: boolean,
  ) {
    this.panel = panel;
    this.matrices = matrices;
    this.theme = theme;
    const id = uniqueId('step');
    this.toggle = h(
      'button',
      { class: 'step-toggle', attributes: { type: 'button', 'aria-controls': id } },
      h('span', { class: 'step-sign', attributes: { 'aria-hidden': 'true' } }),
      h('span', { class: 'step-number number', text: String(number) }),
      h('span', { class: 'step-title', text: step.title }),
      h('span', {
        class: 'step-shape number',
        text: formatShape(step.rows.size, step.columns.size),
        title: `${axisTitle(step.rows.axis)} × ${axisTitle(step.columns.axis)}`,
      }),
    );
    const formula = h('div', { class: 'step-formula' });
    renderTex(step.tex, formula);
    this.arithmetic = new ArithmeticView(theme, step, () => panel.summary);
    this.problem.hidden = true;
    this.query.hidden = !step.perQuery;
    this.body = h(
      'div',
      { class: 'step-body', attributes: { id } },
      h('p', { class: 'step-note' }, ...prose(step.note)),
      this.query,
      this.picture,
      this.choosers,
      this.arithmetic.element,
      this.problem,
    );
    this.element = h('li', { class: 'step' }, h('h3', {}, this.toggle), formula, this.body);
    this.connect();
  }

  private connect(): void {
    const { memory, panel, step } = this;
    const { store } = panel;
    this.toggle.addEventListener('click', () => {
      memory.update({ opened: { ...memory.get().opened, [step.name]: !this.isOpen() } });
    });
    this.picture.addEventListener('click', (event) => {
      this.open(event);
    });
    this.stops.push(
      memory.watch(
        ({ opened }) => opened[step.name],
        () => {
          const open = this.isOpen();
          this.toggle.setAttribute('aria-expanded', String(open));
          this.body.hidden = !open;
          this.rest.ask();
        },
      ),
      store.watch(
        ({ scale }) => scale,
        () => {
          this.paint();
        },
      ),
      store.watch(
        ({ position }) => position.step === step.name,
        (shown) => {
          this.element.classList.toggle('shown', shown);
          if (shown) this.toggle.setAttribute('aria-current', 'step');
          else this.toggle.removeAttribute('aria-current');
        },
      ),
      store.follow(
        ({ content }) =>
          content.kind === 'inspection' ? `${content.summary.id} ${content.summary.revision}` : '',
        () => {
          this.rest.ask();
        },
      ),
      store.watch(
        ({ content, position, chosen, mode, front, covering }) =>
          content.kind === 'inspection'
            ? JSON.stringify([
                position.layer,
                position.head,
                position.cell === undefined ? null : cellFor(step, chosen),
                step.perQuery ? chosen.query : null,
                mode,
                front,
                covering,
              ])
            : '',
        () => {
          this.rest.ask();
        },
      ),
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.arithmetic.retheme(theme);
    this.paint();
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    this.rest.drop();
    this.asking?.abort();
  }

  private isOpen(): boolean {
    return this.memory.get().opened[this.step.name] ?? this.opensAtFirst;
  }

  /** A press on the picture shows this step's matrix with the pressed cell picked. */
  private open(event: MouseEvent): void {
    const { slice, step, panel } = this;
    // From the keyboard there is no place: the cell that belongs to what is picked.
    if (event.detail === 0 || slice === null) {
      panel.openStep(step);
      return;
    }
    const box = this.canvas.getBoundingClientRect();
    const within = (share: number, start: number, end: number): number =>
      Math.min(end - 1, start + Math.max(0, Math.floor(share * (end - start))));
    const { rows, columns } = slice;
    panel.openStep(step, {
      row: within((event.clientY - box.top) / box.height, rows.start, rows.end),
      column: within((event.clientX - box.left) / box.width, columns.start, columns.end),
    });
  }

  private async fetch(): Promise<void> {
    this.asking?.abort();
    const { panel, step, matrices } = this;
    const asking = new AbortController();
    this.asking = asking;
    await panel.matrixShown();
    if (asking.signal.aborted) return;
    const place = matrices.place(step.name);
    // What is not seen is not asked for; it is when it comes into sight.
    if (place === null || !this.isOpen() || this.element.offsetParent === null) return;
    const view = panel.store.get();
    const cell = view.position.cell === undefined ? null : cellFor(step, view.chosen);
    this.choose(cell !== null);
    try {
      const [slice, arithmetic] = await Promise.all([
        cell === null ? matrices.slice(this.whole(place), asking.signal) : matrices.row(place, cell.row),
        cell === null ? null : matrices.arithmetic({ ...place, ...cell }, asking.signal),
      ]);
      if (this.asking !== asking) return;
      this.slice = slice;
      this.paint();
      this.problem.hidden = true;
      this.arithmetic.show(arithmetic);
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
  }

  private whole(place: SliceRequest): SliceRequest {
    const { rows, columns, scale } = this.step;
    const fits = rows.size <= miniature.rows && columns.size <= miniature.columns;
    return fits ? place : { ...place, pool: { ...miniature, by: scale === 'weights' ? 'max' : 'mean' } };
  }

  /**
   * Which feature is explained can be changed here; queries and keys are picked in the matrix, but the query of a step that
   * has a matrix for each.
   */
  private choose(picked: boolean): void {
    const { step, panel } = this;
    const { summary } = panel;
    if (summary === null) return;
    const { chosen } = panel.store.get();
    const { axis } = step.columns;
    const explained = picked && !isPairwise(step) && axis !== 'query' && axis !== 'key';
    const axes: AxisName[] = [...(step.perQuery ? ['query' as const] : []), ...(explained ? [axis] : [])];
    if (step.perQuery) this.query.textContent = forQuery(summary, chosen.query);
    const sizes = axes.map((each) => (each === axis ? step.columns.size : axisSize(summary, each)));
    const offered = JSON.stringify([axes, sizes]);
    if (offered !== this.offered) {
      this.offered = offered;
      this.choosers.replaceChildren(
        ...axes.map((each, at) =>
          stepper({
            label: axisTitle(each),
            size: sizes[at] ?? 1,
            value: chosen[each],
            get: () => panel.store.get().chosen[each],
            change: (index) => {
              panel.choosePlace(each, index);
            },
          }),
        ),
      );
      return;
    }
    for (const [at, field] of [...this.choosers.querySelectorAll('input')].entries()) {
      const shown = axes[at];
      if (shown !== undefined) field.value = String(ordinal(Math.min(chosen[shown], (sizes[at] ?? 1) - 1)));
    }
  }

  private paint(): void {
    const { slice, step, theme, panel } = this;
    const { summary } = panel;
    if (slice === null || summary === null) return;
    const [rows = 0, columns = 0] = slice.shape;
    const { scale: choice } = panel.store.get();
    // As in the heatmap, but that rows have no scales of their own, and nothing is left out.
    const kind = choice.kind === 'row' ? 'linear' : choice.kind;
    const { scale } = matrixScale({
      of: step.scale,
      choice: { ...choice, kind, maximum: 'automatic' },
      ground: theme.ground,
      overview: slice,
    });
    paintMatrix(this.canvas, slice.data, rows, columns, scale, theme.maskedRgb);
    const single = slice.rows.end - slice.rows.start === 1 && step.rows.size > 1;
    // The matrix's own proportions; a row alone is a strip.
    const strip = single || rows === 1;
    const shape = step.columns.size / step.rows.size;
    this.picture.style.width = strip ? '100%' : `min(100%, ${Math.max(12, Math.round(tallest * shape))}px)`;
    this.canvas.style.height = strip ? '12px' : 'auto';
    this.canvas.style.aspectRatio = strip ? '' : `${step.columns.size} / ${step.rows.size}`;
    const { position, chosen } = panel.store.get();
    const cell = position.cell === undefined ? null : cellFor(step, chosen);
    this.mark.hidden = cell === null;
    if (cell !== null) {
      const width = slice.columns.end - slice.columns.start;
      const share = 100 / width;
      this.mark.style.left = `min(${cell.column * share}%, calc(100% - 4px))`;
      this.mark.style.width = `max(${share}%, 4px)`;
      this.mark.hidden = width === 1;
    }
    const what = cell === null ? 'all of it' : `row of ${longLabel(summary, step.rows.axis, cell.row)}`;
    this.picture.setAttribute('aria-label', `${step.title}, ${what}: open in the heatmap`);
    this.picture.title = `${step.title}, ${what}. Click to open in the heatmap.`;
  }
}

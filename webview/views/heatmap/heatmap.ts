import './heatmap.css';
import { reasonOf } from '../../../src/common/values.js';
import { wholeRequest } from '../../../src/drawing/draw-heatmap.js';
import type { FigureTheme } from '../../../src/drawing/figure-theme.js';
import { heatmapFigure } from '../../../src/drawing/heatmap-figure.js';
import { h, settled } from '../../dom.js';
import { Lens } from '../../draw/lens.js';
import { MatrixPicture } from '../../draw/picture.js';
import { attachPointing } from '../../draw/pointing.js';
import type { Target } from '../../draw/target.js';
import { describe, wholeLabel } from '../../draw/target.js';
import type { Cell } from '../../draw/viewport.js';
import { visibleSpans, zoomLevel } from '../../draw/viewport.js';
import { Lifetime } from '../../lifetime.js';
import type { Matrices } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import { shownQuery } from '../../panel.js';
import type { Theme } from '../../theme.js';
import type { OpenView, ViewContext } from '../view.js';
import { HeatmapColors } from './colors.js';
import { MatrixLayers } from './layers.js';
import { Readout } from './readout.js';
import { HeatmapTools } from './tools.js';

const emptyRows = new Uint32Array(0);

/** One step's matrix as a picture: zoom, pan, labels, cross-hair, readout, and the keyboard for all of it. */
export class HeatmapView implements OpenView {
  private readonly picture: MatrixPicture;
  private readonly colors: HeatmapColors;
  private readonly layers: MatrixLayers;
  private readonly readout: Readout;
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly stage: HTMLElement;
  private readonly foot: HTMLElement;
  private readonly body: HTMLElement;
  readonly element: HTMLElement;
  private readonly controls: HeatmapTools;
  readonly tools: HTMLElement;
  private readonly panel: Panel;
  private readonly matrices: Matrices;
  private readonly life = new Lifetime();
  private theme: Theme;

  /** Which matrix is framed; another one starts unzoomed unless it has the same rows and columns. */
  private framed = '';
  private owed = false;
  private askedAt: number | null = null;
  private pixels = { width: 0, height: 0 };
  private readonly lens = new Lens({
    draw: () => {
      this.paint();
    },
    looked: () => {
      this.look();
    },
  });
  private readonly resized = settled(250, () => {
    this.sharpen();
  });

  constructor(private readonly context: ViewContext) {
    const { panel, matrices, theme, drawing } = context;
    this.panel = panel;
    this.matrices = matrices;
    this.theme = theme;
    this.controls = new HeatmapTools({
      zoom: (factor) => {
        this.zoom(factor);
      },
      fit: () => {
        this.lens.unzoom();
      },
    });
    this.tools = this.controls.element;
    this.picture = new MatrixPicture(drawing, () => {
      this.lens.ask();
    });
    this.stage = this.picture.element;
    this.layers = new MatrixLayers(matrices, {
      overview: (slice) => {
        this.picture.set('overview', slice);
        this.problem.hidden = true;
        this.rescale();
        if (slice !== null) this.refreshReadout(false);
        this.lens.ask();
      },
      detail: (slice) => {
        this.picture.set('detail', slice);
        this.rescale();
        if (slice !== null) this.refreshReadout(false);
      },
      failed: (message) => {
        this.problem.textContent = message;
        this.problem.hidden = false;
      },
    });
    this.colors = new HeatmapColors(panel, matrices, this.layers, {
      changed: () => {
        this.rescale();
      },
      failed: (error) => {
        this.problem.textContent = reasonOf(error);
        this.problem.hidden = false;
      },
    });
    this.readout = new Readout(
      panel,
      matrices,
      (row, column) => this.layers.valueAt(row, column),
      (row, column) => this.colors.factorAt(row, column),
    );
    this.problem.hidden = true;
    this.foot = h('div', { class: 'heatmap-foot' }, this.colors.element, this.readout.element);
    this.body = h('div', { class: 'heatmap-body' }, this.stage, this.problem, this.foot, this.readout.spoken);
    this.element = h('div', { class: 'heatmap' }, this.body);
    this.connect();
  }

  private connect(): void {
    attachPointing(this.stage, {
      lens: () => this.lens,
      step: () => this.panel.step,
      current: () => this.current(),
      aim: (target, aloud) => {
        this.aim(target, aloud);
      },
      pick: (cell) => {
        this.panel.pick(cell);
      },
      leave: () => undefined,
    });
    this.life.resized(this.body, () => {
      this.layout();
      if (this.owed && this.body.clientWidth > 0) this.ask();
      this.resized.ask();
    });
    const { store } = this.panel;
    this.life.add(
      store.watch(
        (view) => view.content,
        (content) => {
          if (content.kind !== 'inspection') this.release();
        },
      ),
      store.watch(
        (view) =>
          view.content.kind === 'inspection'
            ? JSON.stringify([
                view.content.summary.id,
                view.content.summary.revision,
                view.position.layer,
                view.position.head,
                view.position.step,
                shownQuery(view),
              ])
            : '',
        (key) => {
          if (key !== '') this.open();
        },
      ),
      store.watch(
        (view) => view.scale,
        () => {
          this.rescale();
        },
      ),
      store.watch(
        (view) => view.position.cell,
        (cell) => {
          if (cell !== undefined) this.lens.reveal(cell);
          this.describe();
          this.refreshReadout(false);
          this.lens.ask();
        },
      ),
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.rescale();
    this.layout();
  }

  /** The part of the matrix that is in sight, coloured as it is. */
  async toSvg(theme: FigureTheme, signal: AbortSignal): Promise<string> {
    await this.panel.matrixShown();
    const { summary, step } = this.panel;
    const { frame, viewport } = this.lens;
    const place = step === null ? null : this.matrices.place(step.name);
    const colors = summary === null || step === null ? null : this.colors.figure(summary, step, theme.ground);
    if (summary === null || step === null || place === null || colors === null)
      throw new Error('There is no matrix to draw yet.');
    const part = frame === null || viewport === null ? {} : visibleSpans(viewport, frame);
    const slice = await this.matrices.slice(wholeRequest(step, { ...place, ...part }), signal);
    return heatmapFigure({ ...place, ...colors, summary, step, slice, theme });
  }

  dispose(): void {
    this.life.dispose();
    this.resized.drop();
    this.readout.dispose();
    this.release();
    this.colors.dispose();
    this.picture.dispose();
  }

  /** Zooms about the cell that is pointed at or picked, or the middle. */
  private zoom(factor: number): void {
    this.lens.zoom(this.current(), factor);
  }

  /** The cell that the keyboard is at. */
  private current(): Cell | null {
    const { target } = this.lens;
    if (target?.kind === 'cell') return target.cell;
    return this.panel.store.get().position.cell ?? null;
  }

  private open(): void {
    const { step, summary } = this.panel;
    if (step === null || summary === null) return;
    this.problem.hidden = true;
    this.readout.clear();
    const framed = JSON.stringify([step.rows, step.columns]);
    const another = framed !== this.framed;
    this.framed = framed;
    if (another) {
      this.lens.reset();
      this.layers.clear();
    }
    this.layout();
    this.describe();
    this.refreshReadout(false);
    this.ask();
  }

  private ask(): void {
    const { frame } = this.lens;
    const { step } = this.panel;
    const place = step === null ? null : this.matrices.place(step.name);
    // What is not seen, in a pane behind another, is asked for when it comes into sight.
    this.owed = frame === null || this.body.clientWidth === 0;
    if (frame === null || step === null || place === null || this.owed) return;
    this.askedAt ??= performance.now();
    const ratio = window.devicePixelRatio;
    this.pixels = { width: frame.width * ratio, height: frame.height * ratio };
    this.panel.awaitMatrix(this.layers.show(place, step, this.pixels));
  }

  /** After a resize: asks again where the picture has far fewer or more pixels than were asked for. */
  private sharpen(): void {
    const { frame } = this.lens;
    const { overview } = this.layers;
    if (frame === null) return;
    const share = (frame.width * window.devicePixelRatio) / Math.max(1, this.pixels.width);
    const others = share > 1.25 || share < 0.7;
    const again =
      overview === null
        ? this.panel.step !== null && (others || !this.layers.isAsking)
        : others && overview.data.length < frame.rows * frame.columns;
    if (again) this.ask();
  }

  private rescale(): void {
    const { step, summary } = this.panel;
    if (step === null || summary === null || this.layers.overview === null) return;
    const before = this.foot.offsetHeight;
    this.colors.update(summary, step, this.theme);
    this.refreshReadout(false);
    if (this.foot.offsetHeight !== before) this.layout();
    this.lens.ask();
  }

  private layout(): void {
    const { step, summary } = this.panel;
    const { clientWidth, clientHeight } = this.body;
    if (step === null || summary === null || clientWidth === 0) return;
    const gutter = this.picture.gutter(summary, step, this.theme, clientWidth);
    const width = Math.max(80, clientWidth - gutter.left - gutter.right - 16);
    const height = Math.max(120, clientHeight - gutter.top - this.foot.offsetHeight - 24);
    this.picture.place(this.lens.fit(step.rows.size, step.columns.size, width, height, gutter), gutter);
  }

  private look(): void {
    const { frame, viewport } = this.lens;
    if (frame === null || viewport === null) return;
    this.controls.showLevel(zoomLevel(viewport, frame));
    this.layers.look(viewport, frame, window.devicePixelRatio, this.picture.largest);
  }

  private aim(target: Target | null, aloud: boolean): void {
    if (!this.lens.aim(target)) return;
    const { summary, step } = this.panel;
    const whole = summary === null || step === null ? '' : wholeLabel(target, summary, step);
    if (this.stage.title !== whole) this.stage.title = whole;
    this.panel.point(target?.kind === 'cell' ? target.cell : null);
    this.context.hover(target, step);
    this.refreshReadout(aloud);
  }

  private refreshReadout(aloud: boolean): void {
    const { step } = this.panel;
    const { cell } = this.panel.store.get().position;
    if (step === null) return;
    const target = this.lens.target ?? (cell === undefined ? null : { kind: 'cell' as const, cell });
    this.readout.show(target, step, aloud);
  }

  private describe(): void {
    const { step, summary } = this.panel;
    if (step === null || summary === null) return;
    this.stage.setAttribute('aria-label', describe(summary, step, this.panel.store.get()));
  }

  private paint(): void {
    const { theme } = this;
    const { scale } = this.colors;
    const { frame, viewport, gutter, target } = this.lens;
    const { summary, step } = this.panel;
    if (frame === null || viewport === null || summary === null || step === null) return;
    const shown = this.layers.overview === null ? null : scale;
    this.picture.draw(
      {
        summary,
        step,
        frame,
        viewport,
        gutter,
        ratio: window.devicePixelRatio,
        theme,
        picked: this.panel.store.get().position.cell ?? null,
        target,
        emptyRows: this.layers.overview?.emptyRows ?? emptyRows,
        leftOut: shown?.leftOut ?? null,
        number: (row, column) => this.colors.numberAt(row, column),
      },
      shown,
    );
    if (shown !== null) this.reportPainted();
  }

  private reportPainted(): void {
    const { askedAt } = this;
    if (askedAt === null || this.layers.overview?.revision !== this.panel.summary?.revision) return;
    this.askedAt = null;
    // The frame is on screen once the task after it runs.
    setTimeout(() => {
      this.panel.painted(performance.now() - askedAt);
    });
  }

  private release(): void {
    this.framed = '';
    this.lens.reset();
    this.colors.clear();
    this.askedAt = null;
    this.readout.clear();
    this.layers.clear();
  }
}

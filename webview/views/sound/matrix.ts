import type { Slice } from '../../../src/protocol.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { MatrixLayers } from '../heatmap/layers.js';
import type { ViewContext } from '../view.js';
import { SoundColors } from './colors.js';
import type { Shown } from './shown.js';
import { shownIn } from './shown.js';
import { framed } from './slices.js';
import type { SoundStage } from './stage.js';

/** The numbers of the matrix along the time axis, and their colours. */
export class SoundMatrix {
  private readonly layers: MatrixLayers;
  private readonly colors: SoundColors;
  private readonly panel: Panel;
  private theme: Theme;

  constructor(
    private readonly context: ViewContext,
    private readonly stage: SoundStage,
    private readonly events: {
      /** What it is called now. */
      caption(shown: Shown): string;
      failed(sentence: string): void;
    },
  ) {
    const { panel, matrices } = context;
    this.panel = panel;
    this.theme = context.theme;
    this.colors = new SoundColors(panel);
    this.layers = new MatrixLayers(
      {
        slice: (request, signal) => {
          const { matrix } = this.shown ?? {};
          return matrix == null ? matrices.slice(request, signal) : framed(matrices, matrix, request, signal);
        },
      },
      {
        overview: (slice) => {
          this.take('overview', slice);
        },
        detail: (slice) => {
          this.take('detail', slice);
        },
        failed: events.failed,
      },
    );
  }

  /** The legend. */
  get element(): HTMLElement {
    return this.colors.element;
  }

  /** Asks for what is shown now, as finely as it is seen. */
  show({ matrix }: Shown): void {
    this.colors.element.hidden = matrix === null;
    const place = matrix === null ? null : this.context.matrices.place(matrix.step.name);
    if (matrix === null || place === null) {
      this.layers.clear();
      this.stage.color(null, this.panel.store.get().scale.map);
      return;
    }
    const { across = 1, cells } = this.stage.layout ?? {};
    const { frames, step } = matrix;
    const { home } = this.stage.lens.frame ?? {};
    const ratio = window.devicePixelRatio;
    // The whole matrix may be wider than what is seen at first: silence is beyond.
    const wider = home === undefined ? 1 : (frames.count * frames.pitch) / (home.end - home.start);
    const columns = { axis: step.columns.axis, size: frames.count };
    this.panel.awaitMatrix(
      this.layers.show(
        place,
        { ...step, columns },
        { width: across * ratio * Math.max(1, wider), height: (cells?.height ?? 1) * ratio },
      ),
    );
  }

  /** Tells what is looked at. */
  look(): void {
    const { looked, largest } = this.stage;
    if (looked !== null) this.layers.look(looked.viewport, looked.frame, window.devicePixelRatio, largest);
  }

  /** A number that is at hand, by its column in the whole step. */
  valueAt(row: number, column: number): number | undefined {
    return this.layers.valueAt(row, column - (this.shown?.matrix?.frames.first ?? 0));
  }

  color(theme: Theme): void {
    this.theme = theme;
    const { shown } = this;
    if (shown === null) return;
    const { matrix } = shown;
    if (matrix !== null) this.colors.update(matrix.step, this.events.caption(shown), this.layers, theme);
    const scale = matrix === null || this.layers.overview === null ? null : this.colors.scale;
    this.stage.color(scale, this.panel.store.get().scale.map);
  }

  dispose(): void {
    this.layers.clear();
    this.colors.dispose();
  }

  private get shown(): Shown | null {
    return shownIn(this.panel.store.get());
  }

  private take(layer: 'overview' | 'detail', slice: Slice | null): void {
    this.stage.setCells(layer, slice);
    this.color(this.theme);
  }
}

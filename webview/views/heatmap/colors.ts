import type { InspectionSummary, Slice, Step } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { Legend } from '../../draw/legend.js';
import { ScaleControl } from '../../draw/scale/control.js';
import { leftOutTitles } from '../../../src/drawing/colors/strings.js';
import { scaleNotes } from '../../../src/drawing/colors/notes.js';
import type { Ground } from '../../../src/drawing/colors/maps.js';
import type { HeatmapFigure } from '../../../src/drawing/heatmap-figure.js';
import type { LeaveOut, MatrixScale } from '../../../src/drawing/colors/matrix-scale.js';
import { matrixScale } from '../../../src/drawing/colors/matrix-scale.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { colorIndex, factorAt, isLeftOut } from '../../../src/drawing/colors/scale.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import { quantity } from '../../../src/drawing/labels.js';
import type { Matrices } from '../../matrices.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import type { MatrixLayers } from './layers.js';
import { isExact } from '../../../src/drawing/slices.js';
import {
  canLeaveOut,
  leaveOut,
  leftOutColumns,
  offeredLeaveOut,
} from '../../../src/drawing/colors/left-out.js';

/** A matrix's colours, and the legend that says and changes them. */
export class HeatmapColors {
  private readonly legend = new Legend();
  private readonly control: ScaleControl;
  readonly element: HTMLElement;
  scale: ColorScale | null = null;
  /** What is left out of the overview with these columns; asked for once. */
  private left: { readonly of: Slice; readonly columns: string; readonly found: LeaveOut | null } | null =
    null;
  private asking: AbortController | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly matrices: Matrices,
    private readonly layers: MatrixLayers,
    private readonly events: { changed(): void; failed(error: unknown): void },
  ) {
    this.control = new ScaleControl(
      this.legend,
      (changes) => {
        panel.color(changes);
      },
      () => {
        panel.resetColors();
      },
    );
    this.element = h('div', { class: 'heatmap-scale' }, this.control.element);
  }

  dispose(): void {
    this.asking?.abort();
    this.control.dispose();
  }

  /** Forgets the numbers that the colours were for. */
  clear(): void {
    this.asking?.abort();
    this.asking = null;
    this.left = null;
    this.scale = null;
  }

  update(summary: InspectionSummary, step: Step, theme: Theme): void {
    const { overview } = this.layers;
    if (overview === null) return;
    const choice = this.panel.store.get().scale;
    const offered = offeredLeaveOut(summary, step);
    const wanted = offered.includes(choice.leaveOut) ? choice.leaveOut : 'nothing';
    const columns = canLeaveOut(step) ? leftOutColumns(summary, wanted) : [];
    const left = columns.length === 0 ? null : this.leftOut(columns, overview, step);
    // What was shown stays until the rows' shares are known.
    if (left === undefined) return;
    const made = this.make(overview, step, theme.ground, left);
    this.scale = made.scale;
    this.say(summary, step, made, left === null ? '' : leftOutTitles[wanted].toLowerCase());
    this.control.show({
      choice: { ...choice, leaveOut: wanted },
      maximum: made.scale.high,
      of: step.scale,
      leaveOut: offered,
      ground: theme.ground,
    });
  }

  /** A cell's number as it is drawn, and whether its colour is a light one. */
  numberAt(row: number, column: number): { readonly value: number; readonly light: boolean } | null {
    const { scale } = this;
    const own = this.layers.valueAt(row, column);
    if (scale === null || own === undefined || isMasked(own) || isLeftOut(scale, column)) return null;
    const shown = own * factorAt(scale, row);
    if (isMasked(shown)) return null;
    const at = colorIndex(scale, shown) * 4;
    const [red = 0, green = 0, blue = 0] = scale.table.subarray(at, at + 3);
    // Rec. 709; the middle of what the eye takes for light lies below the middle of the numbers.
    const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 120;
    return { value: own * this.factorAt(row, column), light };
  }

  /** What leaving keys out multiplies a row's weights by; 1 where none is, NaN of one that is. */
  factorAt(row: number, column: number): number {
    const { scale } = this;
    if (scale === null || scale.leftOut === null) return 1;
    return isLeftOut(scale, column) ? NaN : (this.left?.found?.factors[row] ?? 1);
  }

  /** The scale that is in force, on another ground, and what is said of it; null while there is none. */
  figure(
    summary: InspectionSummary,
    step: Step,
    ground: Ground,
  ): Pick<HeatmapFigure, 'scale' | 'beyond' | 'perRow' | 'notes' | 'without' | 'renormalised'> | null {
    const { overview } = this.layers;
    if (overview === null || this.scale === null) return null;
    const choice = this.panel.store.get().scale;
    const left = this.scale.leftOut === null ? null : (this.left?.found ?? null);
    const names = left === null ? '' : leftOutTitles[choice.leaveOut].toLowerCase();
    const made = this.make(overview, step, ground, left);
    return {
      ...made,
      perRow: choice.kind === 'row',
      notes: scaleNotes(summary, step, made, names),
      without: made.masked ? withoutColor(names) : null,
      renormalised: left?.factors ?? null,
    };
  }

  /** Weights are pooled by their largest and keep their range; what is averaged has a smaller one, and is coloured by that. */
  private make(overview: Slice, step: Step, ground: Ground, left: LeaveOut | null): MatrixScale {
    const whole = step.scale === 'weights' || isExact(overview);
    const { minimum, maximum } = overview;
    return matrixScale({
      of: step.scale,
      choice: this.panel.store.get().scale,
      ground,
      overview,
      detail: whole ? null : this.layers.detail,
      range: whole ? { minimum, maximum } : null,
      leaveOut: left,
    });
  }

  private say(summary: InspectionSummary, step: Step, made: MatrixScale, leftOut: string): void {
    const { kind } = this.panel.store.get().scale;
    const { scale, beyond, masked } = made;
    this.legend.show(quantity(step), scale, {
      masked,
      beyond,
      perRow: kind === 'row',
      note: scaleNotes(summary, step, made, leftOut).join(' · '),
      without: withoutColor(leftOut),
    });
  }

  /** What leaving out these columns does to the rows; undefined while that is not known yet. */
  private leftOut(columns: readonly number[], overview: Slice, step: Step): LeaveOut | null | undefined {
    const key = columns.join();
    if (this.left?.of === overview && this.left.columns === key) return this.left.found;
    const place = this.matrices.place(step.name);
    if (place === null) return null;
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    leaveOut(columns, overview, place, this.matrices, asking.signal)
      .then((found) => {
        if (this.asking !== asking) return;
        this.left = { of: overview, columns: key, found };
        this.events.changed();
      })
      .catch((error: unknown) => {
        if (!isCancelled(error) && this.asking === asking) this.events.failed(error);
      });
    return undefined;
  }
}

/** What cells without a colour are. */
function withoutColor(leftOut: string): string {
  return leftOut === '' ? 'masked' : 'masked or left out';
}

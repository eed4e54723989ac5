import type { InspectionSummary, Slice, Step } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import type { MapName } from '../../../src/drawing/colors/choice.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { scaleOf } from '../../../src/drawing/colors/scale.js';
import { Legend } from '../../draw/legend.js';
import type { UseOfWebGL } from '../../draw/painter.js';
import { MatrixPicture } from '../../draw/picture.js';
import type { Cell } from '../../draw/viewport.js';
import { formatShape } from '../../../src/drawing/format.js';
import type { Matrices } from '../../matrices.js';
import type { Theme } from '../../theme.js';
import { quantity } from '../../../src/drawing/labels.js';
import { compareStrings } from './strings.js';
import { isExact } from '../../../src/drawing/slices.js';
import { MatrixLayers } from '../heatmap/layers.js';
import { subtract } from './difference.js';
import type { Lens } from '../../draw/lens.js';

const emptyRows = new Uint32Array(0);
const nothing = { minimum: 0, maximum: 0 };

/** Which numbers the first and the last colour stand for, the same in all columns. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/** One column's weights, and their difference to those of the first column. */
export class Pictures {
  readonly weights: MatrixPicture;
  /** The first column has none. */
  readonly difference: MatrixPicture | null;
  readonly layers: MatrixLayers;
  private readonly weightsLegend = new Legend();
  private readonly differenceLegend = new Legend();
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly remark = h('p', { class: 'compare-remark muted' });
  readonly weightsElement: HTMLElement;
  readonly differenceElement: HTMLElement;
  private taken: Slice | null = null;
  private scale: ColorScale | null = null;
  private diverging: ColorScale | null = null;

  constructor(
    matrices: Matrices,
    isFirst: boolean,
    options: { readonly webgl: UseOfWebGL },
    events: { arrived(): void; repaint(): void },
  ) {
    this.weights = new MatrixPicture(options, events.repaint);
    this.difference = isFirst ? null : new MatrixPicture(options, events.repaint);
    this.layers = new MatrixLayers(matrices, {
      overview: (slice) => {
        this.weights.set('overview', slice);
        this.problem.hidden = true;
        events.arrived();
      },
      detail: (slice) => {
        this.weights.set('detail', slice);
        events.arrived();
      },
      failed: (message) => {
        this.problem.textContent = message;
        this.problem.hidden = false;
      },
    });
    this.problem.hidden = true;
    this.weightsElement = h(
      'div',
      { class: 'compare-picture' },
      this.weights.element,
      this.weightsLegend.element,
      this.problem,
    );
    this.differenceElement = h('div', { class: 'compare-picture' });
    if (this.difference !== null) {
      this.difference.element.tabIndex = -1;
      this.differenceElement.append(this.difference.element, this.differenceLegend.element);
    }
    this.differenceElement.append(this.remark);
    if (!isFirst) this.weights.element.tabIndex = -1;
    this.remark.textContent = isFirst ? compareStrings.differenceHint : '';
  }

  get range(): Range {
    return this.layers.overview ?? nothing;
  }

  /** Of the differences, once they have been taken. */
  get differenceRange(): Range {
    return this.taken ?? nothing;
  }

  /** Takes the difference to the first column's numbers that are at hand. */
  subtract(first: Pictures): void {
    const { difference } = this;
    if (difference === null) return;
    this.taken = subtract(this.layers.overview, first.layers.overview);
    difference.set('overview', this.taken);
    difference.set('detail', subtract(this.layers.detail, first.layers.detail));
    this.remark.textContent =
      this.taken !== null && !isExact(this.taken) ? compareStrings.differencePooled : '';
  }

  /** Colours for these ranges, and what the legends say of them. */
  rescale(step: Step, theme: Theme, weights: Range, differences: Range, map: MapName): void {
    const { overview } = this.layers;
    const { taken } = this;
    this.scale = overview === null ? null : scaleOf({ of: 'weights', ...weights, map, ground: theme.ground });
    this.diverging = taken === null ? null : scaleOf({ of: 'signed', ...differences, ground: theme.ground });
    const show = (legend: Legend, title: string, scale: ColorScale | null, slice: Slice | null): void => {
      if (scale === null || slice === null) return;
      legend.show(title, scale, { masked: slice.data.some(isMasked), beyond: false });
    };
    show(this.weightsLegend, quantity(step), this.scale, overview);
    show(this.differenceLegend, compareStrings.differenceLegend, this.diverging, taken);
  }

  /** What a difference needs is a matrix of the same size. */
  compareShapes(own: Step | undefined, first: Step | undefined): void {
    const { difference } = this;
    if (difference === null) return;
    const fits = own === undefined || first === undefined || sameSize(own, first);
    difference.element.hidden = !fits;
    if (fits) return;
    this.differenceLegend.element.hidden = true;
    const shape = ({ rows, columns }: Step): string => formatShape(rows.size, columns.size);
    this.remark.textContent = compareStrings.otherShape(shape(own), shape(first));
  }

  place(lens: Lens): void {
    if (lens.frame === null) return;
    this.weights.place(lens.frame, lens.gutter);
    this.difference?.place(lens.frame, lens.gutter);
  }

  draw(
    lens: Lens,
    shown: {
      readonly summary: InspectionSummary;
      readonly step: Step;
      readonly theme: Theme;
      readonly picked: Cell | null;
    },
  ): void {
    const { frame, viewport, gutter, target } = lens;
    const { summary, step, theme, picked } = shown;
    if (frame === null || viewport === null) return;
    const ratio = window.devicePixelRatio;
    const base = { summary, step, frame, viewport, gutter, ratio, theme, picked, target };
    const shownEmpty = this.layers.overview?.emptyRows ?? emptyRows;
    this.weights.draw({ ...base, emptyRows: shownEmpty }, this.scale);
    if (this.difference === null || this.difference.element.hidden) return;
    this.difference.draw({ ...base, emptyRows }, this.diverging);
  }

  /** Forgets its numbers, and asks for nothing more. */
  clear(): void {
    this.layers.clear();
    this.difference?.set('overview', null);
    this.difference?.set('detail', null);
    this.taken = null;
    this.scale = null;
    this.diverging = null;
  }

  dispose(): void {
    this.clear();
    this.weights.dispose();
    this.difference?.dispose();
  }
}

export function sameSize(a: Step, b: Step): boolean {
  return a.rows.size === b.rows.size && a.columns.size === b.columns.size;
}

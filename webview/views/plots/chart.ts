import type { Plot } from '../../../src/protocol.js';
import type { Scale } from './scale.js';
import { axisScale } from './scale.js';
import type { Look } from './svg.js';
import { pathOf, pointOf, svg } from './svg.js';

type PlotPanel = Plot['panels'][number];

const margin = { left: 56, right: 14, top: 10, bottom: 10 };
const height = 168;
const axisHeight = 44;

/** Where each of the common quantity's numbers stands, in pixels. */
export class Horizontal {
  readonly scale: Scale;

  constructor(
    private readonly x: Plot['x'],
    readonly width: number,
  ) {
    this.scale = axisScale([...x.values], x.logarithmic, Math.max(2, Math.floor(width / 90)));
  }

  at(value: number): number {
    return margin.left + this.scale.place(value) * (this.width - margin.left - margin.right);
  }

  /** The index of the number that stands nearest to a place. */
  nearest(pixel: number): number {
    let best = 0;
    let distance = Infinity;
    for (const [index, value] of this.x.values.entries()) {
      const away = Math.abs(this.at(value) - pixel);
      if (away < distance) {
        best = index;
        distance = away;
      }
    }
    return best;
  }
}

/** One panel's curves, and the line that shows where they are read. */
export class Chart {
  readonly element = svg('svg', { class: 'plot-chart', height, 'aria-hidden': 'true' });
  private readonly cursor = svg('g', { class: 'plot-cursor' });
  private readonly vertical: Scale;

  constructor(
    private readonly x: Plot['x'],
    private readonly panel: PlotPanel,
    private readonly looks: readonly Look[],
    private readonly horizontal: Horizontal,
  ) {
    const all = panel.series.flatMap(({ values }) => [...values]);
    this.vertical = axisScale(all, panel.logarithmic, 4);
    this.element.setAttribute('width', String(horizontal.width));
    this.element.append(this.grid(), ...this.curves(), this.cursor);
  }

  /** Shows where the curves are read: at one of the common quantity's numbers. */
  read(index: number): void {
    const x = this.horizontal.at(this.x.values[index] ?? NaN);
    if (!Number.isFinite(x)) {
      this.cursor.replaceChildren();
      return;
    }
    const line = svg('line', { x1: x, x2: x, y1: margin.top, y2: height - margin.bottom });
    const points = this.panel.series.flatMap(({ values, kind }, at) => {
      const y = this.y(values[index] ?? NaN);
      const look = this.looks[at];
      return Number.isFinite(y) && look !== undefined && kind === 'measured'
        ? [pointOf(x, y, look, true)]
        : [];
    });
    this.cursor.replaceChildren(line, ...points);
  }

  private y(value: number): number {
    return height - margin.bottom - this.vertical.place(value) * (height - margin.top - margin.bottom);
  }

  private grid(): SVGElement {
    const { width } = this.horizontal;
    const lines = this.vertical.ticks.flatMap(({ value, text }) => {
      const y = this.y(value).toFixed(1);
      const line = svg('line', { x1: margin.left, x2: width - margin.right, y1: y, y2: y });
      if (text === '') return [];
      return [line, svg('text', { x: margin.left - 8, y, class: 'plot-tick plot-tick-y' }, text)];
    });
    return svg('g', { class: 'plot-grid' }, ...lines);
  }

  /** Lines go on over what was not measured; the points say where something was. */
  private curves(): SVGElement[] {
    return this.panel.series.flatMap(({ values, kind }, at) => {
      const look = this.looks[at];
      if (look === undefined) return [];
      const points = [...values]
        .map((value, index) => [this.horizontal.at(this.x.values[index] ?? NaN), this.y(value)] as const)
        .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
      const marks =
        kind === 'measured' && points.length <= 64 ? points.map(([x, y]) => pointOf(x, y, look)) : [];
      return [pathOf(points, look), ...marks];
    });
  }
}

/** The horizontal axis that all panels share. */
export function axis(x: Plot['x'], horizontal: Horizontal): SVGElement {
  const { width } = horizontal;
  const ticks = horizontal.scale.ticks.flatMap(({ value, text }) => {
    const at = horizontal.at(value).toFixed(1);
    const line = svg('line', { x1: at, x2: at, y1: 0, y2: text === '' ? 3 : 5 });
    return text === '' ? [line] : [line, svg('text', { x: at, y: 18, class: 'plot-tick plot-tick-x' }, text)];
  });
  return svg(
    'svg',
    { class: 'plot-axis', width, height: axisHeight, 'aria-hidden': 'true' },
    svg('line', { x1: margin.left, x2: width - margin.right, y1: 0.5, y2: 0.5 }),
    ...ticks,
    svg(
      'text',
      { x: (margin.left + width - margin.right) / 2, y: 38, class: 'plot-axis-title plot-tick-x' },
      x.title,
    ),
  );
}

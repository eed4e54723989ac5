import { svg } from '../plots/svg.js';

/** Height of one row of bars, in CSS pixels, and the space between rows. */
const rowHeight = 52;
const gap = 14;

/** A bar of one number, or a step of the running sum. */
export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly sign: 'positive' | 'negative';
}

/** Numbers below each other as rows of bars around zero. */
export interface Chart {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly {
    /** Where zero is. */
    readonly zero: number;
    readonly top: number;
    readonly bars: readonly Bar[];
  }[];
}

/** The same numbers make the same chart, in the page or in a file. Each row ends at its own largest number. */
export function chartOf(rows: readonly ArrayLike<number>[], width: number): Chart {
  return {
    width,
    height: rows.length * (rowHeight + gap) - gap,
    rows: rows.map((values, at) => {
      const top = at * (rowHeight + gap);
      let [low, high] = [0, 0];
      for (const value of Array.from(values)) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      const unit = high > low ? rowHeight / (high - low) : 0;
      const zero = top + high * unit;
      const pitch = width / Math.max(1, values.length);
      const space = pitch > 4 ? 1 : 0;
      const bars = Array.from(values, (value, index): Bar => {
        const length = Math.abs(value) * unit;
        return {
          x: index * pitch,
          y: value >= 0 ? zero - length : zero,
          width: Math.max(0.5, pitch - space),
          height: length,
          sign: value >= 0 ? 'positive' : 'negative',
        };
      });
      return { zero, top, bars };
    }),
  };
}

/** The chart as SVG. */
export function drawChart({ width, height, rows }: Chart): SVGElement {
  const short = (number: number): string => number.toFixed(2);
  return svg(
    'svg',
    { class: 'vectors-chart', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' },
    ...rows.map(({ zero, bars }) =>
      svg(
        'g',
        {},
        svg('line', { class: 'vectors-zero', x1: 0, x2: width, y1: short(zero), y2: short(zero) }),
        // One path of each sign: of 256 dimensions the page would else hold a thousand elements.
        ...(['positive', 'negative'] as const).map((sign) =>
          svg('path', {
            class: `vectors-${sign}`,
            d: bars
              .filter((bar) => bar.sign === sign && bar.height > 0)
              .map(
                (bar) =>
                  `M${short(bar.x)} ${short(bar.y)}h${short(bar.width)}v${short(bar.height)}h${short(-bar.width)}z`,
              )
              .join(''),
          }),
        ),
      ),
    ),
  );
}

/** Where each row begins, for what is written beside it. */
export function topOfRow(row: number): number {
  return row * (rowHeight + gap);
}

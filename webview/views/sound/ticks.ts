import type { Interval } from '../../../src/protocol.js';

/** Seconds as they are read: "3.42"; never fewer than two decimals, so that columns of them align. */
export function seconds(value: number): string {
  return value.toFixed(2);
}

/** A moment of a recording that is played: "1:03.4" where it is longer than a minute, else "3.4". */
export function clock(value: number, duration: number): string {
  if (duration < 60) return value.toFixed(1);
  // Tenths first: 59.96 s is a minute, not "0:60.0".
  const tenths = Math.round(value * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}

export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Round numbers within an interval, at least so far apart as to have `least` pixels each. */
export function timeTicks({ start, end }: Interval, width: number, least: number): readonly Tick[] {
  const length = end - start;
  if (!(length > 0) || width <= 0) return [];
  const wanted = (length * least) / width;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step =
    [1, 2, 5, 10].map((times) => times * power).find((each) => each >= wanted * 0.999) ?? 10 * power;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks: Tick[] = [];
  // Counted, not added up: sums of tenths drift.
  for (let at = Math.ceil(start / step - 1e-6); at * step <= end + step * 1e-6; at += 1) {
    ticks.push({ value: at * step, text: (at * step).toFixed(decimals) });
  }
  return ticks;
}

/** Slaney's mel scale: even below 1 kHz, logarithmic above. The bands of the model's features are even in it. */
function mel(hertz: number): number {
  return hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
}

/** Where between the middle of the lowest band (0) and that of the highest (1) a frequency lies. */
export function melShare(hertz: number, lowest: number, highest: number): number {
  return (mel(hertz) - mel(lowest)) / (mel(highest) - mel(lowest));
}

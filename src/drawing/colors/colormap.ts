import { interpolateBlues, interpolateCividis, interpolateOranges } from 'd3-scale-chromatic';

/** 256 colours, RGBA, one byte each. */
export type ColorTable = Uint8ClampedArray;

/** "rgb(12, 34, 56)" or "#0c2238" as three bytes. */
function channels(color: string): readonly number[] {
  const hex = /^#(..)(..)(..)$/.exec(color);
  if (hex !== null) return hex.slice(1).map((channel) => Number.parseInt(channel, 16));
  return /(\d+)\D+(\d+)\D+(\d+)/.exec(color)?.slice(1).map(Number) ?? [];
}

export function bake(colorAt: (t: number) => string): ColorTable {
  const table = new Uint8ClampedArray(256 * 4);
  for (let index = 0; index < 256; index += 1) table.set([...channels(colorAt(index / 255)), 255], index * 4);
  return table;
}

/** Stops of equal distance, mixed channel by channel. */
export function ramp(stops: readonly (readonly [number, number, number])[]): (t: number) => string {
  return (t) => {
    const place = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
    const from = stops[Math.floor(place)] ?? [0, 0, 0];
    const to = stops[Math.ceil(place)] ?? from;
    const mixed = from.map((channel, c) => Math.round(channel + ((to[c] ?? 0) - channel) * (place % 1)));
    return `rgb(${mixed.join(', ')})`;
  };
}

/** For weights: from 0, readable with any colour vision (Nuñez, Anderton & Renslow 2018). */
export const cividis = bake(interpolateCividis);

/** Around 0 on a light ground: blue below, white at 0, orange above. */
export const divergingLight = bake((t) =>
  t < 0.5 ? interpolateBlues(1 - 2 * t) : interpolateOranges(2 * t - 1),
);

/** Around 0 on a dark ground: the same hues, but what is near 0 is dark, so that strength is light. */
export const divergingDark = bake(
  ramp([
    [176, 217, 255],
    [77, 150, 224],
    [36, 82, 140],
    [37, 38, 42],
    [140, 74, 24],
    [226, 128, 47],
    [255, 211, 158],
  ]),
);

/** Beyond this a number stands for "masked"; shaders cannot be trusted to keep NaN. */
export const maskedBelow = -3e38;

/** What is masked: NaN, or −∞. */
export function isMasked(value: number): boolean {
  return Number.isNaN(value) || value < maskedBelow;
}

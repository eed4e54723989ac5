import { interpolateBlues, interpolateCividis, interpolateOranges } from 'd3-scale-chromatic';
import type { Step } from '../../src/protocol.js';

/** 256 colours, RGBA, one byte each. */
export type ColorTable = Uint8ClampedArray;

/** Which numbers get the table's first and last colour. */
export interface ColorScale {
  readonly table: ColorTable;
  readonly low: number;
  readonly high: number;
}

function bake(colorAt: (t: number) => string): ColorTable {
  const table = new Uint8ClampedArray(256 * 4);
  for (let index = 0; index < 256; index += 1) {
    const channels = /(\d+)\D+(\d+)\D+(\d+)/.exec(colorAt(index / 255));
    table.set([Number(channels?.[1]), Number(channels?.[2]), Number(channels?.[3]), 255], index * 4);
  }
  return table;
}

/** Stops of equal distance, mixed channel by channel. */
function ramp(stops: readonly (readonly [number, number, number])[]): (t: number) => string {
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

/** The colours for a step's numbers, where `minimum` and `maximum` are those of the finite ones that are drawn. */
export function colorScale(
  scale: Step['scale'],
  minimum: number,
  maximum: number,
  dark: boolean,
): ColorScale {
  if (scale === 'weights') {
    const low = Math.min(0, minimum);
    return { table: cividis, low, high: maximum > low ? maximum : low + 1 };
  }
  const reach = Math.max(Math.abs(minimum), Math.abs(maximum)) || 1;
  return { table: dark ? divergingDark : divergingLight, low: -reach, high: reach };
}

/** Where in the table a finite number lies. */
export function colorIndex(scale: ColorScale, value: number): number {
  const t = (value - scale.low) / (scale.high - scale.low);
  return Math.min(255, Math.max(0, Math.floor(t * 255 + 0.5)));
}

/** Beyond this a number stands for "masked"; shaders cannot be trusted to keep NaN. */
export const maskedBelow = -3e38;

/** What is masked: NaN, or −∞. */
export function isMasked(value: number): boolean {
  return Number.isNaN(value) || value < maskedBelow;
}

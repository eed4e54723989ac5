import { interpolateCividis, interpolateOranges, interpolateViridis } from 'd3-scale-chromatic';
import type { ColorTable } from './colormap.js';
import { bake, cividis, divergingDark, divergingLight, ramp } from './colormap.js';
import type { MapName } from './choice.js';

type Rgb = readonly [number, number, number];

/** What the picture stands on. */
export interface Ground {
  readonly dark: boolean;
  /** The theme’s background. */
  readonly rgb: Rgb;
}

/** Up to this share of the colours a light ground shows through: small weights recede into it, as they do into a dark one. */
const fading = 0.3;
/** How much of the ground is in the colour of 0. */
const groundAtZero = 0.94;

/** From the ground over the map’s light colours to its dark ones: strength is dark on light paper. */
function onLight(map: (t: number) => string, { rgb }: Ground): ColorTable {
  const table = bake((t) => map(1 - t));
  for (let index = 0; index < 256; index += 1) {
    const share = Math.max(0, 1 - index / 255 / fading);
    const ground = groundAtZero * share * share * (3 - 2 * share);
    for (const [channel, value] of rgb.entries()) {
      const at = index * 4 + channel;
      table[at] = Math.round((table[at] ?? 0) * (1 - ground) + value * ground);
    }
  }
  return table;
}

const greysDark = ramp([
  [14, 14, 16],
  [250, 250, 250],
]);
const greysLight = ramp([
  [20, 20, 20],
  [246, 246, 246],
]);

function make(name: MapName | 'around zero', ground: Ground): ColorTable {
  const { dark } = ground;
  switch (name) {
    case 'cividis':
      return dark ? cividis : onLight(interpolateCividis, ground);
    case 'viridis':
      return dark ? bake(interpolateViridis) : onLight(interpolateViridis, ground);
    case 'greys':
      return dark ? bake(greysDark) : onLight(greysLight, ground);
    case 'diverging':
      // The half above 0 of the colours that numbers around 0 have.
      return dark
        ? bake(
            ramp([
              [37, 38, 42],
              [140, 74, 24],
              [226, 128, 47],
              [255, 211, 158],
            ]),
          )
        : onLight((t) => interpolateOranges(1 - t), ground);
    case 'around zero':
      return dark ? divergingDark : divergingLight;
  }
}

const made = new Map<string, ColorTable>();

/** A map’s colours on a ground, the same table each time. */
export function tableOf(name: MapName | 'around zero', ground: Ground): ColorTable {
  const key = `${name} ${ground.dark ? 'dark' : ground.rgb.join()}`;
  const kept = made.get(key);
  if (kept !== undefined) return kept;
  const table = make(name, ground);
  made.set(key, table);
  return table;
}

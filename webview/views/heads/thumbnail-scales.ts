import type { Thumbnails } from '../../../src/protocol.js';
import type { ScaleChoice } from '../../../src/drawing/colors/choice.js';
import type { Ground } from '../../../src/drawing/colors/maps.js';
import { matrixScale } from '../../../src/drawing/colors/matrix-scale.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { extent } from '../../draw/strip.js';

/** The scales of all heads' small pictures, by layer: each its own, or one that fits the strongest of them. */
export function thumbnailScales(
  thumbnails: ReadonlyMap<number, Thumbnails>,
  heads: number,
  choice: ScaleChoice,
  one: boolean,
  ground: Ground,
): ReadonlyMap<number, readonly ColorScale[]> {
  const scales = (maximum: ScaleChoice['maximum']): Map<number, ColorScale[]> =>
    new Map(
      [...thumbnails].map(([layer, { rows, columns, data }]) => [
        layer,
        Array.from({ length: heads }, (_, head) => {
          const own = data.subarray(head * rows * columns, (head + 1) * rows * columns);
          const of = extent(own).minimum < 0 ? 'signed' : 'weights';
          const whole = { rows: { start: 0, end: rows }, columns: { start: 0, end: columns } };
          const overview = { data: own, shape: [rows, columns], ...whole };
          return matrixScale({ of, choice: { ...choice, maximum }, ground, overview }).scale;
        }),
      ]),
    );
  const own = scales(choice.maximum);
  if (!one || choice.maximum !== 'automatic' || choice.kind === 'row') return own;
  return scales(Math.max(...[...own.values()].flat().map(({ high }) => high)));
}

import type { Position, Slice } from '../../../src/protocol.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import type { LeftOut } from '../../../src/drawing/colors/choice.js';
import { leftOutTitles } from '../../../src/drawing/colors/strings.js';
import { headPlace } from '../../../src/common/counting.js';
import { longLabel, shortLabel } from '../../../src/drawing/labels.js';
import type { Chip } from './chips.js';
import type { Settings } from './settings.js';
import type { Shown } from './shown.js';
import { extentOf } from './stage.js';
import { imageStrings } from './strings.js';
import type { Values } from './values.js';

/** Sentences about what is not on the image, or not drawn. `rolled` is the last layer of a rollout. */
export function saidOf(
  shown: Shown,
  values: Values,
  { keep, from }: Pick<Settings, 'keep' | 'from'>,
  leftOut: LeftOut,
  rolled: number | null,
): string {
  const { direction, patches } = shown;
  const { othersShare, leftShare, kept } = values;
  const { seen, width, height } = patches.medium;
  const extent = extentOf(patches);
  return [
    ...(rolled === null ? [] : [imageStrings.rolledOut(Math.min(from, rolled), rolled)]),
    ...(leftOut === 'nothing'
      ? []
      : [imageStrings.renormalised(leftOutTitles[leftOut].toLowerCase(), leftShare)]),
    ...(othersShare !== null && leftOut === 'nothing' && direction === 'row' && patches.others.length > 0
      ? [imageStrings.others(othersShare)]
      : []),
    ...(othersShare !== null && keep < 1
      ? [imageStrings.kept(kept.count, patches.list.length, kept.held)]
      : []),
    ...(seen.width < extent.width || seen.height < extent.height ? [imageStrings.cropped] : []),
    ...(extent.width > width || extent.height > height ? [imageStrings.padded] : []),
  ].join(' ');
}

/** What is no patch, with its share of a row or its number of a column. */
export function chipsOf(shown: Shown, values: Values, line: Slice): Chip[] {
  const { summary, direction, patches, sources, source } = shown;
  let whole = 0;
  for (const value of line.data) if (!isMasked(value)) whole += value;
  const areShares = values.othersShare !== null && direction === 'row' && whole > 0;
  return patches.others.map((index) => {
    const value = values.others.get(index) ?? NaN;
    return {
      index,
      value,
      label: shortLabel(summary, direction === 'row' ? 'key' : 'query', index),
      share: areShares ? (isMasked(value) ? 0 : value / whole) : null,
      isSource: sources !== null && index === source,
    };
  });
}

/** The words whose attention is gone through; null where patches look at patches. */
export function wordsOf({ summary, direction, sources }: Shown): string[] | null {
  if (sources !== null) return null;
  const side = direction === 'row' ? 'query' : 'key';
  const { count } = direction === 'row' ? summary.queries : summary.keys;
  return Array.from({ length: count }, (_, at) => shortLabel(summary, side, at));
}

/** What the image shows, for those who do not see it. */
export function description(
  { summary, step, direction, source, patches, sources }: Shown,
  position: Position,
  heads: Settings['heads'],
): string {
  const { medium, grid, list } = patches;
  return imageStrings.description({
    quantity: step.title,
    heads: heads === 'one' ? headPlace(position.layer, position.head) : imageStrings[heads],
    token: longLabel(summary, direction === 'row' ? 'query' : 'key', source),
    image: medium.name,
    patches: grid === null ? String(list.length) : `${grid.rows} × ${grid.columns}`,
    keys: sources === null ? imageStrings.keysOfWords : imageStrings.keys,
  });
}

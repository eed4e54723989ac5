import type { Slice } from '../../../src/protocol.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import type { Theme } from '../../theme.js';
import { leftOutColumns } from '../../../src/drawing/colors/left-out.js';
import type { ImageColors } from './colors.js';
import type { Segment } from './contours.js';
import { contoursOf } from './marks.js';
import type { Heat } from './painter.js';
import { heatOf } from './painter.js';
import type { Settings } from './settings.js';
import type { Shown } from './shown.js';
import type { Values } from './values.js';
import { valuesOf } from './values.js';

/** A row or column that has come, and what is drawn of it. */
export interface Drawn {
  readonly shown: Shown;
  readonly line: Slice;
  readonly values: Values;
  readonly scale: ColorScale;
  readonly heat: Heat;
  readonly contours: readonly Segment[];
}

export interface Drawing {
  readonly settings: Settings;
  readonly colors: ImageColors;
  readonly theme: Theme;
}

/** Reads a row or column as numbers and colours of patches. */
export function heatFor(
  shown: Shown,
  data: Float32Array,
  { settings, colors, theme }: Drawing,
): { readonly values: Values; readonly scale: ColorScale; readonly heat: Heat } {
  const { summary, step, patches, direction } = shown;
  const values = valuesOf(data, patches, {
    areWeights: step.scale === 'weights',
    keep: settings.keep,
    leaveOut: direction === 'row' ? leftOutColumns(summary, colors.leftOut(shown)) : [],
  });
  const scale = colors.scale(shown, values, theme);
  return { values, scale, heat: heatOf(patches, values, scale, settings.drawing) };
}

/** The same with its contours, where those are wanted. */
export function drawnOf(shown: Shown, line: Slice, drawing: Drawing): Drawn {
  const made = heatFor(shown, line.data, drawing);
  const { contours, drawing: how } = drawing.settings;
  return { shown, line, ...made, contours: contours ? contoursOf(shown.patches, made.values, how) : [] };
}

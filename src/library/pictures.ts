import { drawHeatmap, type HeatmapOptions } from '../drawing/draw-heatmap.js';
import { stepsLatex } from '../drawing/steps-latex.js';
import { checkCount, checkedOptions, checkText, placeOf, spanOf } from './arguments.js';
import type { Answering, HeadPlace, SliceOptions } from './types.js';

/** What is seen, as text that other programs show. */
export interface PicturesInspection {
  /**
   * A step's matrix as an SVG file: text stays text, cells are shapes that carry their numbers as `data-value`; of more than
   * 16,384 cells there is a picture inside. With title, axes, legend, and what it is of, on white unless the theme says otherwise.
   *
   * @example
   * await writeFile('head.svg', await inspection.svg('weights', { layer: 3, head: 7, scale: { kind: 'power', leaveOut: 'first' } }));
   * @throws Error where there is no such step, layer, head or scale
   */
  svg(step: string, options?: SvgOptions): Promise<string>;
  /**
   * The steps of a head as a LaTeX document, with numbers: formulas, the corner of each matrix, and how the cell of a query and a
   * key came about. @throws Error where there is no such layer, head, query or key
   */
  stepsLatex(cell: HeadPlace & { readonly query: number; readonly key: number }): Promise<string>;
}

export interface SvgOptions extends Omit<SliceOptions, 'pool'>, HeatmapOptions {
  /** Whose matrix it is, of a step that has one for each query; the first where left out. */
  readonly query?: number;
}

export function presentPictures(
  inspection: Pick<Answering, 'arithmetic' | 'slice' | 'summary'>,
): PicturesInspection {
  const source: Pick<Answering, 'arithmetic' | 'slice'> = {
    slice: (request, signal) => inspection.slice(request, signal),
    arithmetic: (cell) => inspection.arithmetic(cell),
  };
  return {
    async svg(step, given) {
      checkText('The step for svg', step);
      const options = checkedOptions('svg', given);
      const { query, rows, columns, scale, theme, signal } = options;
      return drawHeatmap(
        source,
        inspection.summary,
        {
          inspection: inspection.summary.id,
          step,
          ...placeOf(options),
          ...(query === undefined ? {} : { query }),
          ...(rows === undefined ? {} : { rows: spanOf(rows) }),
          ...(columns === undefined ? {} : { columns: spanOf(columns) }),
        },
        { ...(scale === undefined ? {} : { scale }), ...(theme === undefined ? {} : { theme }) },
        signal ?? new AbortController().signal,
      );
    },
    async stepsLatex(given) {
      const cell = checkedOptions('stepsLatex', given);
      checkCount('stepsLatex: the option query', cell.query);
      checkCount('stepsLatex: the option key', cell.key);
      const place = { ...placeOf(cell), query: cell.query, key: cell.key };
      return stepsLatex(source, inspection.summary, place, new AbortController().signal);
    },
  };
}

import type { Slice, Step } from '../../../src/protocol.js';
import type { Cell } from '../../draw/viewport.js';
import { quantity } from '../../../src/drawing/labels.js';
import { Readout } from '../heatmap/readout.js';
import type { ViewContext } from '../view.js';
import type { Heads, Lines } from './lines.js';
import type { Patch } from './patches.js';
import type { Shown } from './shown.js';
import { cellOf } from './shown.js';
import type { Values } from './values.js';
import { imageStrings } from './strings.js';

export interface PointedSource {
  shown(): Shown | null;
  heads(): Heads;
  /** The row or column that is on the image. */
  drawn(): { readonly shown: Shown; readonly line: Slice; readonly values: Values } | null;
  /** Marks a patch on the image; null unmarks. */
  mark(patch: Patch | null): void;
}

/** What is pointed at on an image or beside it, and the line that reads it. */
export class Pointed {
  readonly readout: Readout;
  /** A label on the image's side. */
  private index: number | null = null;

  constructor(
    private readonly context: ViewContext,
    lines: Lines,
    private readonly source: PointedSource,
  ) {
    const { panel, matrices } = context;
    this.readout = new Readout(
      panel,
      {
        // What heads have in common was made from the scores of none.
        place: (step) => {
          const { heads } = source.heads();
          if (heads === 'one') return matrices.place(step);
          const shown = source.shown();
          // Each row of a rollout takes long: of a column no other is asked for.
          const isKnown = heads !== 'rollout' || shown?.direction === 'row';
          return isKnown && step === shown?.step.name ? matrices.place(step) : null;
        },
        row: (place, row) => lines.line(place, 'row', row, source.heads()),
      },
      (row, column) => this.numberAt({ row, column }),
      (row, column) => this.factorAt(row, column),
      {
        nothing: () =>
          source.shown()?.sources === null ? imageStrings.nothingOfWords : imageStrings.nothing,
        quantity: (step) => this.quantity(step),
      },
    );
  }

  dispose(): void {
    this.readout.dispose();
  }

  /** "weight", "mean weight" */
  quantity(step: Step): string {
    const { heads } = this.source.heads();
    const name = quantity(step);
    return heads === 'one' || step.scale !== 'weights' ? name : imageStrings.fused(heads, name);
  }

  /** Points at a label on the image's side; at none with null. `aloud` where the keyboard came to it. */
  aim(index: number | null, aloud = false): void {
    if (index === this.index) return;
    this.index = index;
    const shown = this.source.shown();
    if (shown === null) return;
    const { patches, step } = shown;
    const cell = index === null ? null : cellOf(shown, index);
    this.source.mark(index === null ? null : (patches.list[patches.places.get(index) ?? -1] ?? null));
    if (this.context.panel.step === step) this.context.panel.point(cell);
    this.context.hover(cell === null ? null : { kind: 'cell', cell }, step);
    this.show(aloud);
  }

  /** Reads what is pointed at anew, or what is picked. */
  show(aloud = false): void {
    const shown = this.source.shown();
    if (shown === null) return;
    const cell = this.index === null ? shown.picked : cellOf(shown, this.index);
    this.readout.show(cell === null ? null : { kind: 'cell', cell }, shown.step, aloud);
  }

  /** What a row's weights are multiplied by where keys are left out; NaN of those. */
  private factorAt(row: number, column: number): number {
    const drawn = this.source.drawn();
    if (drawn?.shown.direction !== 'row' || drawn.shown.source !== row) return 1;
    const { leftOut, leftShare } = drawn.values;
    return leftOut.has(column) ? NaN : leftShare < 1 ? 1 / (1 - leftShare) : 1;
  }

  private numberAt({ row, column }: Cell): number | undefined {
    const drawn = this.source.drawn();
    if (drawn === null) return undefined;
    const { direction, source } = drawn.shown;
    const isOn = (direction === 'row' ? row : column) === source;
    return isOn ? drawn.line.data[direction === 'row' ? column : row] : undefined;
  }
}

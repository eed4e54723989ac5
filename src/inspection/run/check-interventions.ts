import { isPerHead, sorted, type AxisName, type Value } from '../../engine/graph.js';
import { formatShape, sizeOf, type Range, type Tensor } from '../../engine/tensor.js';
import type { Intervention } from '../../protocol.js';
import { isPerQuery } from '../core/subject.js';
import { growing, type Layered } from './interventions.js';

/** A sentence about an intervention that cannot be. */
export class InterventionError extends Error {
  override readonly name = 'InterventionError';
}

/** The most numbers that a step whose mean is set may be made from at once: all rows are needed for it. */
const mostAtOnce = 1 << 27;

const masks: ReadonlySet<string> = new Set(['mask', 'mask-beyond', 'mask-keys', 'within']);

/** What is known of layers beside their graph. */
export interface Known {
  /** Which of several attentions they are. */
  readonly attention?: string;
  /** Axes of rows of which only the longest that they can become is known: there will be as many as tokens are written. */
  readonly openRows?: ReadonlySet<AxisName>;
  /** Axes of columns that may have grown, or may yet grow, beyond those that values are given for. */
  readonly openColumns?: ReadonlySet<AxisName>;
}

/**
 * Interventions that can be made, spelled out: rows of given values, and the attention that was meant, are named.
 * @param heads of queries
 * @throws InterventionError for the first that cannot be
 */
export function checkInterventions(
  interventions: readonly Intervention[],
  { layers }: Layered,
  heads: number,
  known: Known = {},
): readonly Intervention[] {
  const { attention } = known;
  return interventions.map((each) => {
    if (each.attention !== undefined && each.attention !== attention) {
      throw new InterventionError(
        `There is one attention here, none is called “${each.attention}”: leave it out to set “${each.step}”.`,
      );
    }
    const rows = rowsToName(each, checkedStep(each, layers, heads, known));
    const isSpelledOut = rows === each.rows && attention === each.attention;
    // What is spelled out stays the same object, by which it is known again.
    return isSpelledOut
      ? each
      : {
          ...each,
          ...(rows === undefined ? {} : { rows }),
          ...(attention === undefined ? {} : { attention }),
        };
  });
}

/** Given values are those of the rows that there are now, also when a text goes on. */
function rowsToName({ rows, set }: Intervention, step: Value): Range | undefined {
  return rows ?? (set.kind === 'values' ? { start: 0, end: rowsOf(step) } : undefined);
}

function checkedStep(
  { layer, step: name, head, rows, set }: Intervention,
  layers: readonly (readonly Value[])[],
  heads: number,
  { openRows = growing.none, openColumns = growing.none }: Known,
): Value {
  const steps = layers[layer];
  if (steps === undefined) {
    throw new InterventionError(
      `“${name}” cannot be set in layer ${layer}: ${layers.length === 1 ? 'there is only layer 0' : `layers are 0 to ${layers.length - 1}`}.`,
    );
  }
  const at = steps.findIndex((value) => value.label?.name === name);
  const value = steps[at];
  if (value === undefined) {
    const names = steps.map((each) => each.label?.name).join(', ');
    throw new InterventionError(`There is no step “${name}” to set; the steps of a layer are ${names}.`);
  }
  if (isPerQuery(value) || value.shape.length !== (isPerHead(value) ? 3 : 2)) {
    throw new InterventionError(
      `“${name}” cannot be set: it is not one matrix for each head. Set a step before or after it.`,
    );
  }
  if (head !== undefined && !isPerHead(value)) {
    throw new InterventionError(
      `“${name}” is the same for all heads, so that no head of it can be set: leave the head out.`,
    );
  }
  if (head !== undefined && !(Number.isInteger(head) && head >= 0 && head < heads)) {
    throw new InterventionError(
      `“${name}” cannot be set in head ${head}: ${heads === 1 ? 'there is only head 0' : `heads are 0 to ${heads - 1}`}.`,
    );
  }
  const [rowAxis = 'feature', columnAxis = 'feature'] = value.label?.axes.slice(-2) ?? [];
  if (openRows.has(rowAxis) && (set.kind === 'mean' || (set.kind === 'values' && rows === undefined))) {
    throw new InterventionError(
      set.kind === 'mean'
        ? `“${name}” cannot be set to its mean: its rows are written one after the other, each with those before it, so that no mean over all of them is known. Set it to zero, or to given values.`
        : `Say which rows of “${name}” the values are for: how many there will be is not known before they are written.`,
    );
  }
  const count = rowsOf(value);
  if (rows !== undefined && !isWithin(rows, count)) {
    throw new InterventionError(
      `Rows ${rows.start} to ${rows.end} (not included) of “${name}” cannot be set: it has ${count} rows, from 0.`,
    );
  }
  switch (set.kind) {
    case 'zero':
      break;
    case 'values':
      checkValues(set.values, shapeOfValues(value, head, rows), name, openColumns.has(columnAxis));
      break;
    case 'mean':
      checkMean(value, steps.slice(0, at + 1), name);
      break;
    default:
      throw new InterventionError(`“${name}” can be set to zero, to its mean, or to given values.`);
  }
  return value;
}

function isWithin({ start, end }: Range, count: number): boolean {
  return Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= count;
}

function shapeOfValues(value: Value, head: number | undefined, rows: Range | undefined): number[] {
  const [height, width = 0] = [
    rows === undefined ? rowsOf(value) : rows.end - rows.start,
    value.shape.at(-1),
  ];
  return isPerHead(value) && head === undefined ? [value.shape[0] ?? 0, height, width] : [height, width];
}

/** @param isOpen whether there may be fewer columns than the most that are expected */
function checkValues({ shape, data }: Tensor, most: readonly number[], name: string, isOpen: boolean): void {
  const columns = Math.min(shape.at(-1) ?? 0, most.at(-1) ?? 0);
  const expected = isOpen ? [...most.slice(0, -1), columns] : most;
  if (formatShape(shape) !== formatShape(expected)) {
    const axes = expected.length === 3 ? '(head, row, column)' : '(row, column)';
    throw new InterventionError(
      `The values for “${name}” have shape ${formatShape(shape)}, but what they are to stand for has ${formatShape(expected)}: ${axes}.`,
    );
  }
  if (!(data instanceof Float32Array) || data.length !== sizeOf(expected)) {
    throw new InterventionError(
      `The values for “${name}” have to be ${sizeOf(expected)} float32 numbers, row by row.`,
    );
  }
  if (!data.every(Number.isFinite)) {
    throw new InterventionError(`The values for “${name}” have to be finite numbers.`);
  }
}

function checkMean(value: Value, before: readonly Value[], name: string): void {
  const isMasked =
    value.label?.step?.phase === 'score' &&
    sorted([value], ({ label: own }) => own?.step?.phase === 'input').some(
      ({ origin }) => origin.kind === 'operation' && masks.has(origin.operation.name),
    );
  if (isMasked) {
    throw new InterventionError(
      `“${name}” cannot be set to its mean: where it is masked it is −∞. Set the scores before the mask, or the weights.`,
    );
  }
  const most = Math.max(
    ...before.filter(({ shape }) => shape.length === 3).map(({ shape }) => sizeOf(shape)),
  );
  if (most > mostAtOnce) {
    throw new InterventionError(
      `The mean of “${name}” would need ${most} scores at once, more than ${mostAtOnce}: set it for a shorter text, or set a step before the scores.`,
    );
  }
}

function rowsOf({ shape }: Value): number {
  return shape.at(-2) ?? 0;
}

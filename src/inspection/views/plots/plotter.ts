import { stepFor, stepWithRole, type Role, type Value } from '../../../engine/graph.js';
import type { Region, Tensor } from '../../../engine/tensor.js';
import type { ParameterValues, Plot } from '../../../protocol.js';
import { leadingRanges } from '../matrix.js';
import type { Layer } from '../../core/subject.js';

/** What a plot is made of: a layer and head, its numbers, and how the inspection is set. */
export interface PlotContext {
  readonly layer: Layer;
  readonly head: number;
  readonly heads: number;
  readonly parameters: ParameterValues;
  read(value: Value, region: Region): Promise<Tensor>;
  readonly signal?: AbortSignal | undefined;
}

/** Something that can be plotted of a layer and head, where they have what it takes. */
export interface Plotter {
  readonly name: string;
  readonly title: string;
  /** One sentence: what is to be seen. */
  readonly note: string;
  fits(layer: Layer): boolean;
  plot(context: PlotContext): Promise<Plot>;
}

/** Whether a layer has steps of all these roles. */
export function hasRoles({ steps }: Layer, ...roles: readonly Role[]): boolean {
  return roles.every((role) => stepWithRole(steps, role) !== undefined);
}

/**
 * A step's matrix for the head that is plotted, up to so many of its rows. // (row, column)
 * @throws Error where the layer has no such step
 */
export async function matrixOf(
  { layer, head, heads, read }: PlotContext,
  role: Role,
  most = Infinity,
): Promise<Tensor> {
  const value = stepFor(layer.steps, role);
  const rows = { start: 0, end: Math.min(most, value.shape.at(-2) ?? 0) };
  const columns = { start: 0, end: value.shape.at(-1) ?? 0 };
  const own = leadingRanges(value, { heads: { start: head, end: head + 1 }, headCount: heads });
  const { data } = await read(value, [...own, rows, columns]);
  return { shape: [rows.end, columns.end], data };
}

/** 1, 2, 5, 10, 20, 50, …, up to `most`. */
export function roundNumbers(most: number): number[] {
  const numbers: number[] = [];
  for (let power = 1; power <= most; power *= 10) {
    for (const digit of [1, 2, 5]) if (digit * power <= most) numbers.push(digit * power);
  }
  return numbers;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] ?? 0;
  return sum / values.length;
}

/** The mean square of what values differ by from their mean. */
export function variance(values: ArrayLike<number>): number {
  const centre = mean(values);
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += ((values[at] ?? 0) - centre) ** 2;
  return sum / values.length;
}

export function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += (values[at] ?? 0) ** 2;
  return Math.sqrt(sum / values.length);
}

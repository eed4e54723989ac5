import { sorted, type AxisName, type Value } from '../graph.js';
import type { Shape } from '../tensor.js';
import type { Parameter, ParameterValues } from './parameters.js';

/** An input a mechanism takes. */
export interface InputDescription {
  readonly name: string;
  /** "Queries" */
  readonly title: string;
  readonly required: boolean;
  /** The axes it may have, from the fewest to the most; a leading layer axis is taken off before. */
  readonly axes: readonly (readonly AxisName[])[];
}

/** A mechanism built for inputs of certain shapes. */
export interface AttentionGraph {
  /** The leaves to feed, by input name. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Labelled, in reading order. Each step that something else looks for declares its role: see `Role`. */
  readonly steps: readonly Value[];
  readonly heads: number;
  /** n */
  readonly queries: number;
  /** m */
  readonly keys: number;
}

/** An attention mechanism: written once, as a graph. */
export interface Mechanism {
  readonly id: string;
  readonly title: string;
  /** Where it was published. */
  readonly source: string;
  readonly inputs: readonly InputDescription[];
  /** The parameters for inputs of these shapes, at their default values. */
  parameters(inputs: Readonly<Record<string, Shape>>): readonly Parameter[];
  /**
   * @param inputs shapes by input name
   * @param parameters checked values; those left out have their default
   * @throws ShapeError naming the input, the axis and what was expected
   */
  build(inputs: Readonly<Record<string, Shape>>, parameters: ParameterValues): AttentionGraph;
}

/** The leaves with the labels that the steps gave them. */
export function labelledLeaves(
  leaves: ReadonlyMap<string, Value>,
  steps: readonly Value[],
): Map<string, Value> {
  const byOrigin = new Map(sorted(steps).map((value) => [value.origin, value]));
  return new Map([...leaves].map(([name, leaf]) => [name, byOrigin.get(leaf.origin) ?? leaf]));
}

import assert from 'node:assert/strict';
import type { Value } from '../../../src/engine/graph.js';
import {
  mechanisms,
  withValues,
  type AttentionGraph,
  type ParameterValues,
} from '../../../src/engine/mechanisms/index.js';
import type { Shape, Tensor } from '../../../src/engine/tensor.js';
import { Fixture } from './numbers.js';

/** A mechanism with inputs and parameters whose numbers PyTorch has computed: see make_attention.py. */
export interface Case {
  readonly name: string;
  readonly mechanism: string;
  readonly params: ParameterValues;
  readonly inputs: readonly string[];
}

export const attention = new Fixture('attention.safetensors');
export const cases = attention.described<readonly Case[]>('cases');

/** A mechanism's graph as an inspection builds it: parameters by name, the others at their standard values. */
export function build(
  id: string,
  shapes: Readonly<Record<string, Shape>>,
  params: ParameterValues = {},
): AttentionGraph {
  const mechanism = mechanisms.find((each) => each.id === id);
  assert.ok(mechanism, `There is no mechanism ${id}.`);
  const values = withValues(mechanism.parameters(shapes), params);
  return mechanism.build(shapes, Object.fromEntries(values.map(({ name, value }) => [name, value])));
}

export interface Built {
  readonly graph: AttentionGraph;
  readonly given: ReadonlyMap<Value, Tensor>;
}

/** A case's graph with its inputs' numbers. */
export function buildCase({ name, mechanism, params }: Case): Built {
  const tensors = attention.below(`${name}/in/`);
  const shapes = Object.fromEntries([...tensors].map(([key, { shape }]) => [key, shape]));
  const graph = build(mechanism, shapes, params);
  const given = [...graph.inputs].map(([key, leaf]): [Value, Tensor] => {
    const tensor = tensors.get(key);
    assert.ok(tensor, `${name} has no input ${key}`);
    return [leaf, tensor];
  });
  return { graph, given: new Map(given) };
}

export function stepOf(graph: AttentionGraph, name: string): Value {
  const found = graph.steps.find(({ label }) => label?.name === name);
  assert.ok(found, `There is no step ${name}.`);
  return found;
}

/**
 * A step that the reference has. It keeps `scaled` and `masked` also where they change nothing, which are no steps of ours:
 * their numbers are then those of the step before.
 */
export function recordedStep(graph: AttentionGraph, name: string): Value {
  const order = ['scores', 'scaled', 'capped', 'biased', 'windowed', 'masked'];
  const before = order.slice(0, order.indexOf(name) + 1);
  const found = graph.steps.findLast(({ label }) => before.includes(label?.name ?? ''));
  return name === 'scaled' || name === 'masked' ? (found ?? stepOf(graph, name)) : stepOf(graph, name);
}

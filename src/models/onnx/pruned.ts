import type { OnnxFile, OnnxNode, OnnxTensor, OnnxValue } from '../../formats/onnx.js';
import type { AddedNode } from './attention.js';

/** What of a graph is needed for some of its values. */
export interface PrunedGraph {
  readonly nodes: readonly OnnxNode[];
  readonly added: readonly AddedNode[];
  readonly constants: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
}

/**
 * A graph without what only other results need: a head over the whole vocabulary may be most of a model.
 * @param added nodes that read the file's, each after those that it reads itself
 */
export function pruned(file: OnnxFile, wanted: readonly string[], added: readonly AddedNode[]): PrunedGraph {
  const needed = new Set(wanted);
  const ownAdded = added.toReversed().filter(({ inputs, output }) => {
    if (!needed.has(output)) return false;
    for (const input of inputs) if (typeof input === 'string') needed.add(input);
    return true;
  });
  // Branches read values of the graph around them without naming them as their inputs.
  const hasBranches = file.nodes.some(({ attributes }) =>
    [...attributes.values()].some(({ kind }) => kind === 'graph'),
  );
  const isNeeded = (names: readonly string[]): boolean =>
    hasBranches || names.some((name) => needed.has(name));
  const nodes = file.nodes.toReversed().filter(({ inputs, outputs }) => {
    if (!isNeeded(outputs)) return false;
    for (const input of inputs) needed.add(input);
    return true;
  });
  return {
    nodes: nodes.toReversed(),
    added: ownAdded.toReversed(),
    constants: [...file.constants.values()].filter(({ name }) => isNeeded([name])),
    inputs: file.inputs.filter(({ name }) => isNeeded([name])),
  };
}

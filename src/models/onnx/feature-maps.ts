import type { OnnxNode } from '../../formats/onnx.js';
import type { OnnxGraph } from './graph.js';

/** A value that lies over the image before it becomes a row of tokens. */
export interface FeatureMap {
  /** Its name; at a run it is (1, channel, row, column). */
  readonly value: string;
  /** How far apart its cells are, in pixels, where a single convolution without borders cuts the image into them. */
  readonly patch: { readonly width: number; readonly height: number } | undefined;
  /** Where other tokens stand that are joined to its own; undefined where none are, or that cannot be told. */
  readonly others: 'before' | 'behind' | undefined;
}

/** Nodes between a map and where it is flattened, and from there to where tokens are joined to it. */
const moving: ReadonlySet<string> = new Set(['Cast', 'Identity', 'Transpose']);
const flattening: ReadonlySet<string> = new Set(['Flatten', 'Reshape']);
const onward: ReadonlySet<string> = new Set([
  'Add',
  'Cast',
  'Flatten',
  'Identity',
  'LayerNormalization',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** How far a convolution may stand behind a map. */
const mostBehind = 6;
const mostAhead = 12;
const mostMaps = 24;

/** The values of a graph that may be feature maps from which tokens are made: at a run their shapes tell whether they are. */
export function featureMaps(graph: OnnxGraph): readonly FeatureMap[] {
  const found = new Map<string, FeatureMap>();
  for (const node of graph.file.nodes) {
    if (!flattening.has(node.operator)) continue;
    const value = movedBehind(node.inputs[0] ?? '', graph);
    if (found.has(value) || !isConvolved(value, graph, 0)) continue;
    found.set(value, {
      value,
      patch: patchOf(graph.maker(value)),
      others: othersBeside(node.outputs[0] ?? '', graph, 0),
    });
    if (found.size >= mostMaps) break;
  }
  return [...found.values()];
}

function movedBehind(value: string, graph: OnnxGraph): string {
  for (let at = value, depth = 0; depth < mostBehind; depth++) {
    const node = graph.maker(at);
    if (node === undefined || !moving.has(node.operator)) return at;
    at = node.inputs[0] ?? '';
    value = at;
  }
  return value;
}

function isConvolved(value: string, graph: OnnxGraph, depth: number): boolean {
  const node = graph.maker(value);
  if (node === undefined || depth > mostBehind) return false;
  if (node.operator === 'Conv') return true;
  if (flattening.has(node.operator) || node.operator === 'MatMul') return false;
  return node.inputs.some((input) => isConvolved(input, graph, depth + 1));
}

function patchOf(node: OnnxNode | undefined): FeatureMap['patch'] {
  if (node?.operator !== 'Conv') return undefined;
  const numbers = (name: string): readonly number[] => {
    const attribute = node.attributes.get(name);
    return attribute?.kind === 'numbers' ? attribute.values : [];
  };
  const [height = 0, width = 0] = numbers('kernel_shape');
  const [down = 1, across = 1] = numbers('strides');
  const isPlain =
    height > 1 &&
    width > 1 &&
    height === down &&
    width === across &&
    numbers('pads').every((pad) => pad === 0) &&
    numbers('dilations').every((step) => step === 1);
  return isPlain ? { width, height } : undefined;
}

/** Whether tokens are joined before or behind those of a map. */
function othersBeside(value: string, graph: OnnxGraph, depth: number): FeatureMap['others'] {
  if (depth > mostAhead) return undefined;
  for (const node of graph.readersOf(value)) {
    if (node.operator === 'Concat') {
      if (node.inputs.at(-1) === value) return 'before';
      return node.inputs[0] === value ? 'behind' : undefined;
    }
    const found = onward.has(node.operator)
      ? othersBeside(node.outputs[0] ?? '', graph, depth + 1)
      : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

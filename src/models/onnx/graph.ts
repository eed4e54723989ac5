import { smallNumbers, type OnnxAttribute, type OnnxFile, type OnnxNode } from '../../formats/onnx.js';
import { operatorSets } from './operator-sets.js';

/** An ONNX graph to find one's way in: from a value to what makes it and to what reads it. */
export class OnnxGraph {
  /** The version of ONNX's own operators that the graph is written in. */
  readonly operatorSet: number;
  private readonly makers = new Map<string, OnnxNode>();
  private readonly readers = new Map<string, OnnxNode[]>();

  constructor(
    readonly file: OnnxFile,
    /** The file's name, for messages. */
    readonly name: string,
  ) {
    this.operatorSet = operatorSets(file, name).get('') ?? Infinity;
    for (const node of file.nodes) {
      for (const output of node.outputs) this.makers.set(output, node);
      for (const input of new Set(node.inputs)) {
        const known = this.readers.get(input);
        if (known === undefined) this.readers.set(input, [node]);
        else known.push(node);
      }
    }
  }

  /** Whether something is called so: what a node makes, a constant, or an input. */
  has(value: string): boolean {
    return (
      this.makers.has(value) ||
      this.file.constants.has(value) ||
      this.file.inputs.some(({ name }) => name === value)
    );
  }

  maker(value: string): OnnxNode | undefined {
    return this.makers.get(value);
  }

  readersOf(value: string): readonly OnnxNode[] {
    return this.readers.get(value) ?? [];
  }

  /** The shape of a constant; undefined for what is computed. */
  shape(value: string): readonly number[] | undefined {
    return this.file.constants.get(value)?.shape ?? this.constantOf(value)?.shape;
  }

  /** The numbers of a small constant; undefined for what is computed, or large. */
  numbers(value: string): readonly number[] | undefined {
    const tensor = this.file.constants.get(value) ?? this.constantOf(value);
    return tensor === undefined ? undefined : smallNumbers(tensor, this.name);
  }

  /**
   * Whether a value is one number that does not depend on what is read: a constant, or arithmetic on such and on extents, as
   * exporters write 1/√d_k.
   */
  isScalar(value: string, depth = 0): boolean {
    const shape = this.shape(value);
    if (shape !== undefined) return shape.every((extent) => extent === 1);
    const node = this.maker(value);
    if (node === undefined || depth > mostSteps) return false;
    if (extents.has(node.operator)) {
      const [from = ''] = node.inputs;
      return this.maker(from)?.operator === 'Shape' || this.isScalar(from, depth + 1);
    }
    return arithmetic.has(node.operator) && node.inputs.every((each) => this.isScalar(each, depth + 1));
  }

  private constantOf(
    value: string,
  ): ({ readonly shape: readonly number[] } & Parameters<typeof smallNumbers>[0]) | undefined {
    const node = this.maker(value);
    if (node?.operator !== 'Constant') return undefined;
    const attribute = node.attributes.get('value');
    return attribute?.kind === 'tensor' ? attribute.tensor : undefined;
  }
}

/** Longer chains are no arithmetic on a head's size. */
const mostSteps = 24;
const arithmetic: ReadonlySet<string> = new Set([
  'Cast',
  'Div',
  'Identity',
  'Mul',
  'Pow',
  'Reciprocal',
  'Sqrt',
  'Squeeze',
  'Unsqueeze',
]);
const extents: ReadonlySet<string> = new Set(['Gather', 'Slice']);

/** A node's number; the standard where it says nothing. */
export function numberOf(node: OnnxNode, attribute: string, standard: number): number {
  const found: OnnxAttribute | undefined = node.attributes.get(attribute);
  return found?.kind === 'number' ? found.value : standard;
}

/** What people call a node: where it stands in the program that was exported, or its own name. */
export function titleOf(node: OnnxNode): string {
  if (node.scope !== undefined) return node.scope;
  return node.name === '' ? (node.outputs[0] ?? node.operator) : node.name;
}

import type { OnnxNode } from '../../formats/onnx.js';

/** A value of a graph that is attention's query, key or value, and how its numbers lie. */
export interface Operand {
  /** Its name in the graph. */
  readonly value: string;
  readonly lie: Lie;
}

export type Lie =
  /** (…, row, feature), where what stands before are heads */
  | { readonly kind: 'rows' }
  /** (…, feature, row) */
  | { readonly kind: 'columns' }
  /** Axes in another order: for each of (…, row, feature), which of the value's it is. */
  | { readonly kind: 'axes'; readonly order: readonly number[] }
  /** (…, row, head · feature): of `of` heads side by side, those from `first` on. */
  | { readonly kind: 'merged'; readonly first: number; readonly heads: number; readonly of: number };

/** What happens to scores between their product and the softmax, in its order. Names are values of the graph. */
export type Between = ScaleStep | CapStep | MaskStep;

export type ScaleStep =
  | { readonly kind: 'multiply' | 'divide'; readonly by: string }
  | { readonly kind: 'scale'; readonly factor: number }
  /** By 1/√d_k. */
  | { readonly kind: 'standard-scale' };

export type CapStep = { readonly kind: 'tanh' } | { readonly kind: 'soft-cap'; readonly cap: number };

export type MaskStep =
  | { readonly kind: 'add' | 'subtract'; readonly by: string }
  /** Where the condition is `kept`, scores stay; elsewhere `other` stands for them. */
  | {
      readonly kind: 'choose';
      readonly condition: string;
      readonly kept: boolean;
      readonly other: string;
    }
  /** Kept keys are ones, or what is added to scores is 0 for them: its numbers tell which it is. */
  | { readonly kind: 'mask'; readonly by: string }
  /** Keys behind the query are masked; further away than `window` too, where there is one. */
  | { readonly kind: 'causal'; readonly window?: number }
  /**
   * Keys further ahead of a query than `right`, or further behind than `left`, are masked; −1 bounds nothing. The first query stands
   * at the first key, or the last at the last of as many keys as `until` says. // (1)
   */
  | { readonly kind: 'reach'; readonly left: number; readonly right: number; readonly until: string }
  /** 1 or true where a key is real; or how many are. // (1, key) or (1) */
  | { readonly kind: 'real-keys'; readonly keys: string };

const masks: ReadonlySet<string> = new Set<MaskStep['kind']>([
  'add',
  'subtract',
  'choose',
  'mask',
  'causal',
  'reach',
  'real-keys',
]);

export function isMask(each: Between): each is MaskStep {
  return masks.has(each.kind);
}

/** Attention as it was found in a graph. */
export interface FoundAttention {
  /** What people call it. */
  readonly title: string;
  /** The operator that it was told by. */
  readonly operator: string;
  readonly query: Operand;
  readonly key: Operand;
  readonly value: Operand;
  readonly between: readonly Between[];
  /** What it can be checked by: the weights themselves, or all that comes out of a fused node. */
  readonly result:
    | {
        readonly kind: 'weights';
        readonly value: string;
        readonly scores: string;
        readonly softmax: SoftmaxAxis;
      }
    | { readonly kind: 'output'; readonly value: string };
  /** Nodes that have to be added so that operands exist as values. */
  readonly added: readonly AddedNode[];
}

/** Over which axis a softmax runs: keys are the last. */
export interface SoftmaxAxis {
  /** From the end where it is negative. */
  readonly axis: number;
  /** Whether it runs over all axes from that one on together, as it did before operator set 13. */
  readonly isJoint: boolean;
}

/** A node that is written beside those of the file. */
export interface AddedNode {
  readonly operator: string;
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly (string | readonly number[])[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

/** A fused operator: one node that is all of attention. */
export interface FusedOperator {
  readonly operator: string;
  readonly domain: string;
  /** What it computes, in the graph's own values. @throws ModelError naming the node where it is used in a way that is not read */
  read(node: OnnxNode, context: FusedContext): Omit<FoundAttention, 'title' | 'operator' | 'result'>;
}

export interface FusedContext {
  /** The shape of a constant, or of an input of the graph, as far as it is told. */
  shape(value: string): readonly (number | string | undefined)[] | undefined;
  /** Begins a sentence about the node. */
  readonly where: string;
}

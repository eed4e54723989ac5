import type { OnnxNode } from '../../../formats/onnx.js';
import type { Between } from '../attention.js';
import { numberOf } from '../graph.js';

/** What a fused node does between its product and its softmax, beside its own scale and cap; a name is empty where it has none. */
export interface FusedScores {
  readonly added?: string | undefined;
  readonly mask?: string | undefined;
  readonly realKeys?: string | undefined;
  readonly causal: boolean;
  /** How far behind a key may be, where keys ahead are masked; all where it is not above 0. */
  readonly window?: number;
}

/** The steps of a fused node, in its order: all of them write scale and cap alike, and leave out what is standard. */
export function scoreSteps(
  node: OnnxNode,
  { added = '', mask = '', realKeys = '', causal, window = 0 }: FusedScores,
): Between[] {
  const scale = numberOf(node, 'scale', 0);
  const cap = numberOf(node, 'softcap', 0);
  return [
    scale === 0 ? { kind: 'standard-scale' } : { kind: 'scale', factor: scale },
    ...(cap === 0 ? [] : [{ kind: 'soft-cap', cap } as const]),
    ...(added === '' ? [] : [{ kind: 'add', by: added } as const]),
    ...(mask === '' ? [] : [{ kind: 'mask', by: mask } as const]),
    ...(realKeys === '' ? [] : [{ kind: 'real-keys', keys: realKeys } as const]),
    ...(causal ? [{ kind: 'causal', ...(window > 0 ? { window } : {}) } as const] : []),
  ];
}

import type { Value } from '../engine/graph.js';
import type { GraphBuilder } from './builder.js';
import { operands, type Causal, type FusedAttention } from './fuse.js';

/** ONNX's number for int32, as Cast wants it. */
const toInt32 = { to: 6 };

/**
 * Emits attention as one of ONNX Runtime's own nodes, which goes through the scores tile by tile.
 * @param nameOf the model's name of Q, K or V
 * @returns the name of the merged heads // (query, heads · d_v)
 */
export function emitAttention(
  builder: GraphBuilder,
  fused: FusedAttention,
  nameOf: (value: Value) => string,
): string {
  const merged =
    fused.causal === undefined ? open(builder, fused, nameOf) : causal(builder, fused, fused.causal, nameOf);
  return builder.node('Squeeze', [merged, builder.integers([0], [1])]); // (query, model)
}

/** https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention */
function open(
  builder: GraphBuilder,
  { Q, K, V, heads, scale }: FusedAttention,
  nameOf: (value: Value) => string,
): string {
  const batch = [Q, K, V].map((value) => joined(builder, value, nameOf)); // (1, query or key, model)
  return builder.contributed('MultiHeadAttention', batch, { num_heads: heads, scale });
}

/**
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GroupQueryAttention
 *
 * It takes keys and values in two parts: those before the first query, of which there may be none, and one for each query.
 */
function causal(
  builder: GraphBuilder,
  { Q, K, V, heads, groups, scale }: FusedAttention,
  { window, softcap }: Causal,
  nameOf: (value: Value) => string,
): string {
  const whole = (value: number): string => builder.integers([value], [1]);
  const count = (value: Value): string => builder.node('Shape', [nameOf(value)], { start: 1, end: 2 }); // (1)
  const total = count(K);
  const past = builder.node('Sub', [total, count(Q)]);
  const parts = [K, V].map((value) => {
    const rows = (start: string, end: string): string =>
      builder.node('Slice', [nameOf(value), start, end, whole(1)]); // (group, key, feature)
    return {
      known: builder.node('Unsqueeze', [rows(whole(0), past), whole(0)]), // (1, group, key, feature)
      fresh: sideBySide(builder, rows(past, total), widthOf(value)),
    };
  });
  const narrow = (value: string): string => builder.node('Cast', [value], toInt32);
  const inputs = [
    joined(builder, Q, nameOf),
    ...parts.map(({ fresh }) => fresh),
    ...parts.map(({ known }) => known),
    narrow(builder.node('Sub', [total, whole(1)])),
    narrow(total),
  ];
  return builder.contributed(
    'GroupQueryAttention',
    inputs,
    {
      num_heads: heads,
      kv_num_heads: groups,
      scale,
      ...(window === undefined ? {} : { local_window_size: window }),
      ...(softcap === undefined ? {} : { softcap }),
    },
    // All keys and all values. Where nobody takes them, the node forgets those before the first query.
    2,
  );
}

/** The heads' rows side by side: (head, row, feature) → (1, row, head · feature). */
function joined(builder: GraphBuilder, value: Value, nameOf: (value: Value) => string): string {
  const [before] = operands(value, 'split-heads') ?? [];
  // Before they were split, they lay that way.
  if (before !== undefined) return builder.node('Unsqueeze', [nameOf(before), builder.integers([0], [1])]);
  return sideBySide(builder, nameOf(value), widthOf(value));
}

function sideBySide(builder: GraphBuilder, name: string, width: number): string {
  const rows = builder.node('Transpose', [name], { perm: [1, 0, 2] }); // (row, head, feature)
  return builder.node('Reshape', [rows, builder.integers([1, -1, width], [3])]);
}

function widthOf({ shape }: Value): number {
  return (shape[0] ?? 0) * (shape[2] ?? 0);
}

import type { Tensor } from '../../engine/tensor.js';
import type { TextSorting } from '../../models/index.js';

/** What is to be told of how a text was sorted. */
export function sortedNotices(
  name: string,
  sorting: TextSorting | undefined,
  logits: Tensor<Float32Array> | undefined,
): readonly string[] {
  if (sorting === undefined || logits === undefined) return [];
  if (sorting.kind === 'number') {
    const said = Array.from(
      logits.data,
      (value, at) => `${sorting.labels[at] ?? `output ${at}`}: ${value.toFixed(4)}`,
    );
    return [`${name} gives a text numbers, no classes (regression): ${said.join(', ')}.`];
  }
  return sorting.kind === 'several'
    ? [
        'A text may be of several classes: each has a probability of its own (sigmoid), which do not add up to 1.',
      ]
    : [];
}

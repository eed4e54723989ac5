import type { Classes } from '../../../src/protocol.js';

/** Said of what a model takes the whole for. */
export const classesStrings = {
  title: 'Classes',
  list: 'The most probable classes, with their probabilities',
  of: ({ of, by }: Pick<Classes, 'by' | 'of'>, count: number) =>
    by === 'softmax'
      ? `Softmax over all ${count} ${of}.`
      : `The sigmoid of each of the ${count} ${of} by itself: they do not add up to 1.`,
  hint: (index: number, label: string, logit: string) => `class ${index}: ${label}, logit ${logit}`,
  caption: (label: string, logit: string, similarity: string) =>
    `“${label}”: similarity (cosine) ${similarity}, logit ${logit}`,
} as const;

import type { Classes } from '../../protocol.js';
import type { Subject } from '../core/subject.js';

/** The most that are told at once. */
const most = 1000;

/** The classes with the largest logits, with the softmax over all of them, or each one's own sigmoid where they are independent. @throws Error where a model does not sort what it reads */
export function likeliest({ classes, title }: Subject, count: number): Omit<Classes, 'revision'> {
  if (classes === undefined) throw new Error(`${title} does not sort what it reads into classes.`);
  const { labels, logits, independent, similarities } = classes;
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  const told = Array.from(logits, (logit, index) => ({ logit, index }))
    .toSorted((a, b) => b.logit - a.logit)
    .slice(0, Math.max(1, Math.min(count, most)))
    .map(({ logit, index }) => ({
      index,
      label: labels[index] ?? `class ${index}`,
      logit,
      ...(similarities === undefined ? {} : { similarity: similarities[index] ?? NaN }),
      probability: independent === true ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit - largest) / sum,
    }));
  return {
    of: similarities === undefined ? 'classes' : 'captions',
    by: independent === true ? 'sigmoid' : 'softmax',
    classes: told,
  };
}

import { h } from '../dom.js';
import { renderTex } from './tex.js';

/** W^Q, W_a, d_k: a letter with an index, as notes write it in plain text. */
const symbol = /\b([A-Za-z][\^_][A-Za-z])\b/;

/** A sentence whose symbols are typeset as in the formula above it. */
export function prose(text: string): (Node | string)[] {
  // Every second part is what the pattern took.
  return text.split(symbol).map((part, at) => {
    if (at % 2 === 0) return part;
    const element = h('span');
    renderTex(part, element);
    return element;
  });
}

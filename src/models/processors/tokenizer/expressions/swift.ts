import type { Node } from './parse.js';

/** In so few ways an option may be tried at one place without its taking long. */
const FEW = 64;

const spaces = '\\p{White_Space}';

/**
 * Whether JavaScript's own engine, which tries one way after another, takes linear time too: each way goes on without end only where
 * nothing behind it can fail.
 */
export function isSwift(node: Node): boolean {
  const options = node.kind === 'choice' ? node.options : [node];
  const takesSpaces = options.some((option) => sourceOf(option) === `${spaces}+`);
  return options.every((option) => {
    // Spaces that end in a line break, or before a word: whatever is tried there in vain, the option of all spaces takes.
    const source = sourceOf(option);
    if (takesSpaces && source === `${spaces}*[\\r\\n]+`) return true;
    if (takesSpaces && source === `${spaces}+(?!\\P{White_Space})`) return true;
    return isSettled(partsOf(option));
  });
}

function partsOf(node: Node): readonly Node[] {
  return node.kind === 'sequence' ? node.parts : [node];
}

function isSettled(parts: readonly Node[]): boolean {
  if (parts.reduce((ways, part) => ways * waysOf(part), 1) > FEW) return false;
  const endless = parts.findIndex((part) => !isShort(part));
  if (endless < 0) return true;
  const [first, ...rest] = parts.slice(endless);
  return (
    first !== undefined &&
    isEndless(first) &&
    rest.every((part) => canNotFail(part) && (isEndless(part) || isShort(part)))
  );
}

function isEndless(node: Node): boolean {
  return node.kind === 'repeat' && node.most === Infinity && !node.lazy && node.part.kind === 'character';
}

function canNotFail(node: Node): boolean {
  return node.kind === 'repeat' && node.least === 0 && !node.lazy;
}

/** In how many ways a part that is short is tried. */
function waysOf(node: Node): number {
  if (node.kind === 'choice') return node.options.length;
  return node.kind === 'repeat' && node.most < Infinity ? node.most - node.least + 1 : 1;
}

/** Whether it is a few characters in a few ways. */
function isShort(node: Node): boolean {
  switch (node.kind) {
    case 'character':
    case 'behind':
      return true;
    case 'repeat':
      return node.most < Infinity && node.part.kind === 'character';
    case 'choice':
      return node.options.every((option) => partsOf(option).every(({ kind }) => kind === 'character'));
    case 'sequence':
    case 'ahead':
    case 'atomic':
    case 'edge':
      return false;
  }
}

/** As it is written, as far as it is made of characters that are repeated and what must not stand behind them. */
function sourceOf(node: Node): string {
  switch (node.kind) {
    case 'character':
      return node.source;
    case 'sequence':
      return node.parts.map(sourceOf).join('');
    case 'repeat': {
      const sign = node.least === 0 ? '*' : '+';
      return node.most === Infinity && node.least <= 1 && !node.lazy ? sourceOf(node.part) + sign : '?';
    }
    case 'ahead':
      return node.negated ? `(?!${sourceOf(node.part)})` : '?';
    case 'choice':
    case 'behind':
    case 'atomic':
    case 'edge':
      return '?';
  }
}

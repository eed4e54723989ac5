import { binding, type Expression } from '../expression.js';

/** How many terms of a long sum are written out; the table beside it has them all. */
const written = 3;

/** A sum with its largest terms written first, and dots where there are more. */
export function sumOfTerms(terms: Float64Array, write: (term: number) => string): Expression {
  const largest = largestTerms(terms, written);
  const dots = terms.length > written ? ' + \\cdots' : '';
  if (largest.length === 0) return { text: '0', binding: binding.atom };
  return {
    text: largest.map(write).reduce(added) + dots,
    binding: largest.length === 1 && dots === '' ? binding.product : binding.sum,
  };
}

/** A negative term is taken away: nobody writes “+ −”. */
function added(sum: string, term: string): string {
  return term.startsWith('-') ? `${sum} - ${term.slice(1)}` : `${sum} + ${term}`;
}

/** The indices of the terms of largest magnitude, largest first; of equals, the earlier one. */
function largestTerms(terms: Float64Array, count: number): number[] {
  const best: number[] = [];
  const magnitude = (term: number | undefined): number => {
    const value = Math.abs(term === undefined ? -1 : (terms[term] ?? 0));
    return Number.isNaN(value) ? 0 : value;
  };
  for (let term = 0; term < terms.length; term++) {
    if (best.length === count && magnitude(term) <= magnitude(best.at(-1))) continue;
    const at = best.findIndex((other) => magnitude(other) < magnitude(term));
    best.splice(at < 0 ? best.length : at, 0, term);
    if (best.length > count) best.pop();
  }
  return best;
}

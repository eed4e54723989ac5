import { number, type Language } from '../expression.js';
import type { Cell, Derivation } from '../graph.js';

/** What is said of a cell that was −∞ before a mask came to it. */
export const maskedBefore = 'Masked: by a step before.';

/** A cell that a mask leaves as it is. */
export async function unchanged(cell: Cell): Promise<Derivation> {
  const before = await cell.scalar(0, cell.index);
  return before.value === -Infinity && before.remark === undefined
    ? { ...before, remark: maskedBefore }
    : before;
}

/** What stands where a mask lets nothing through, in a language. */
export function printFill(fill: number, language: Language): string {
  if (language === 'tex') return number(fill).text;
  if (fill !== -Infinity) return String(fill);
  return language === 'numpy' ? '-np.inf' : 'float("-inf")';
}

/** "\tilde{S}" → "\tilde{S}_{ij}"; what is not one symbol is put in parentheses. */
export function cellOf(tex: string): string {
  return /[\s+]/.test(tex.replace(/\\[a-z]+\{[^}]*\}/gi, ''))
    ? `\\left(${tex}\\right)_{ij}`
    : `{${tex}}_{ij}`;
}

import { number, type Language } from '../expression.js';

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

/** What a graph can be printed as. */
export type Language = 'tex' | 'numpy' | 'pytorch';

/** How strongly an expression binds, from a sum to what never needs parentheses. */
export const binding = { sum: 1, product: 2, negation: 3, call: 4, atom: 5 } as const;
export type Binding = (typeof binding)[keyof typeof binding];

/** Printed code or TeX, with what is needed to put it inside another expression. */
export interface Expression {
  readonly text: string;
  readonly binding: Binding;
  /** Definitions that the text calls, each printed once at the top of a program. */
  readonly prelude?: readonly string[];
}

export function atom(text: string, prelude?: readonly string[]): Expression {
  return prelude === undefined ? { text, binding: binding.atom } : { text, binding: binding.atom, prelude };
}

/** The text, in parentheses where it binds less strongly than its context needs. */
export function inside(expression: Expression, atLeast: Binding, language: Language): string {
  if (expression.binding >= atLeast) return expression.text;
  return language === 'tex' ? `\\left(${expression.text}\\right)` : `(${expression.text})`;
}

/** An expression made of parts, with the definitions that they need. */
export function compose(
  text: string,
  held: Binding,
  parts: readonly Expression[],
  own: readonly string[] = [],
): Expression {
  const prelude = [...new Set([...parts.flatMap((part) => part.prelude ?? []), ...own])];
  return prelude.length === 0 ? { text, binding: held } : { text, binding: held, prelude };
}

/** A number in TeX with four significant digits; −∞, ∞ and “not a number” are written as such. */
export function number(value: number): Expression {
  if (Number.isNaN(value)) return atom('\\text{n/a}');
  if (!Number.isFinite(value)) {
    return value < 0 ? { text: '-\\infty', binding: binding.negation } : atom('\\infty');
  }
  const text = plainNumber(Math.abs(value));
  return value < 0
    ? { text: `-${text}`, binding: binding.negation }
    : { text, binding: text.includes('\\') ? binding.product : binding.atom };
}

function plainNumber(magnitude: number): string {
  if (Number.isInteger(magnitude) && magnitude < 1e5) return String(magnitude);
  const [digits = '0', exponent = '0'] = magnitude.toExponential(3).split('e');
  return Number(exponent) < -3 || Number(exponent) > 3
    ? `${digits} \\cdot 10^{${Number(exponent)}}`
    : magnitude.toPrecision(4);
}

/** A number as one factor of a product: a negative one stands in parentheses. */
export function factor(value: number): string {
  const printed = number(value);
  return inside(printed, printed.text.startsWith('-') ? binding.atom : binding.product, 'tex');
}

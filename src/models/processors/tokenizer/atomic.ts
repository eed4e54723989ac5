/** `\p{Lu}`, `\x{41}`, `\k<name>`, `\x41`, `A`, or any character behind a backslash. */
const escape = /^\\(?:[pPxu]\{[^}]*\}|[kg]<[^>]*>|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[^])/u;
/** As JavaScript has it, `(?=(?<_1>…))\k<_1>`: a group that a look-ahead has matched is not matched otherwise any more. */
const mark = (number: number): string => `_${number}`;

/**
 * An expression of Oniguruma's language with its atomic groups `(?>…)` and possessive quantifiers `?+`, `*+`, `++` written with
 * look-ahead and back-reference, which JavaScript knows: what they have matched is never given back. `{n,m}+` is no possessive
 * quantifier there but a repeated one.
 * @throws Error where it refers to groups by number, which would then count others
 */
export function withoutAtomic(expression: string): string {
  let out = '';
  let groups = 0;
  /** Where the atom begins in `out` that a quantifier would repeat; −1 where there is none. */
  let atom = -1;
  let refers = false;
  const open: { readonly start: number; readonly atomic: boolean }[] = [];
  const once = (start: number, matched: string): void => {
    const name = mark(++groups);
    out = `${out.slice(0, start)}(?:(?=(?<${name}>${matched}))\\k<${name}>)`;
    atom = start;
  };
  for (let at = 0; at < expression.length;) {
    const rest = expression.slice(at);
    const [taken] =
      escape.exec(rest) ??
      (rest.startsWith('[') ? [classIn(rest)] : [String.fromCodePoint(rest.codePointAt(0) ?? 0)]);
    at += taken.length;
    if (taken === '(') {
      const atomic = rest.startsWith('(?>');
      open.push({ start: out.length, atomic });
      const prefix = atomic ? '(?>' : (/^\((?:\?(?:<?[=!]|<\w+>|[a-z-]*:))?/.exec(rest)?.[0] ?? taken);
      out += atomic ? '' : prefix;
      at += prefix.length - taken.length;
      atom = -1;
    } else if (taken === ')') {
      const group = open.pop();
      if (group?.atomic === true) once(group.start, out.slice(group.start));
      else {
        out += taken;
        atom = group?.start ?? -1;
      }
    } else if (taken === '|') {
      out += taken;
      atom = -1;
    } else if ((taken === '?' || taken === '*' || taken === '+') && atom >= 0) {
      if (expression[at] === '+') {
        at += 1;
        once(atom, `${out.slice(atom)}${taken}`);
      } else {
        const lazy = expression[at] === '?' ? '?' : '';
        out += taken + lazy;
        at += lazy.length;
      }
    } else {
      refers ||= /^\\(?:[1-9]|[kg]<[-+\d])/.test(taken);
      const times = taken === '{' && atom >= 0 ? /^\{(?:\d+(?:,\d*)?|,\d+)\}\??/.exec(rest)?.[0] : undefined;
      if (times === undefined) atom = out.length;
      else at += times.length - taken.length;
      out += times ?? taken;
    }
  }
  if (groups === 0) return expression;
  if (refers)
    throw new Error('it has atomic groups or possessive quantifiers, and refers to groups by number');
  return out;
}

/** `[a-z&&[^aeiou]]`, from its bracket to the one that closes it. */
function classIn(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') {
      depth++;
      // A bracket that comes first stands for itself.
      const first = /^\^?\]/.exec(text.slice(at + 1))?.[0];
      if (first !== undefined) at += first.length;
    } else if (text[at] === ']' && --depth === 0) return text.slice(0, at + 1);
  }
  return text;
}

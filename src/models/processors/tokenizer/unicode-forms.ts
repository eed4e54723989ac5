import { rewritten, type Aligned, type Written } from './aligned.js';

export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** A character of the decomposed text: the first that one of the text became takes it, the others take none. */
interface Part extends Written {
  used: boolean;
}

/** One of Unicode's normal forms (Unicode Standard Annex #15), whose characters know where they came from. */
export function normalForm(text: Aligned, form: UnicodeForm): Aligned {
  const whole = text.characters.join('');
  const normalized = whole.normalize(form);
  if (normalized === whole) return text;
  return rewritten(text, composed(partsOf(text, form), normalized));
}

/** Each character decomposed by itself; marks are not sorted yet. */
function partsOf(text: Aligned, form: UnicodeForm): Part[] {
  const decomposition = form === 'NFKC' || form === 'NFKD' ? 'NFKD' : 'NFD';
  return text.characters.flatMap((character) =>
    Array.from(character.normalize(decomposition), (each, at) => ({
      character: each,
      takes: at === 0 ? 1 : 0,
      used: false,
    })),
  );
}

/** The characters of the normal form, each made of the next parts that look as it does when it is decomposed. */
function* composed(parts: readonly Part[], normalized: string): Generator<Written> {
  let first = 0;
  for (const character of normalized) {
    let takes = 0;
    for (const each of character.normalize('NFD')) {
      while (parts[first]?.used === true) first++;
      let at = first;
      while (at < parts.length && (parts[at]?.used === true || parts[at]?.character !== each)) at++;
      const part = parts[at];
      if (part === undefined) continue;
      part.used = true;
      takes += part.takes;
    }
    yield { character, takes };
  }
}

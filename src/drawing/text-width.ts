/** Widths of printable ASCII in thousandths of an em, of a common sans-serif (Helvetica’s own metrics), from the space on. */
const ascii = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/** Other fonts are wider, DejaVu Sans by a seventh. */
const roomy = 1.16;

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]|\p{Extended_Pictographic}/u;
const mark = /\p{M}|\u200d/u;

/** About how wide a text is, in pixels, where there is no browser to measure it; rather too wide than too narrow. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const known = ascii[code - 32];
    if (known !== undefined) width += known;
    else if (wide.test(character)) width += 1000;
    else if (!mark.test(character)) width += 640;
  }
  return (width / 1000) * size * roomy;
}

/** A text cut to a width, with an ellipsis where it is cut. */
export function cutTo(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text;
  const points = [...text].slice(0, Math.ceil(room / (size * 0.2)));
  while (points.length > 1 && textWidth(`${points.join('')}…`, size) > room) points.pop();
  return `${points.join('')}…`;
}

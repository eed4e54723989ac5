/** Where a text names an image: `![alt](path)`, `<img src="path">` or `![[path]]`, with or without a title. */
export interface ImageLink {
  /** As it is written: a path or an address. */
  readonly target: string;
  /** Half-open, in UTF-16 units of the text. */
  readonly start: number;
  readonly end: number;
}

const forms: readonly RegExp[] = [
  /!\[[^\]\n]{0,1000}\]\(\s{0,10}(?:<([^<>\n]{1,4000})>|([^\s()<>]{1,4000}(?:\([^\s()]{0,1000}\)[^\s()]{0,1000})?))(?:\s{1,10}(?:"[^"\n]{0,1000}"|'[^'\n]{0,1000}'))?\s{0,10}\)/g,
  /<img\b[^<>]{0,4000}?\bsrc\s{0,10}=\s{0,10}(?:"([^"\n]{1,4000})"|'([^'\n]{1,4000})')[^<>]{0,4000}>/gi,
  /!\[\[([^\]|\n]{1,4000})(?:\|[^\]\n]{0,1000})?\]\]/g,
];

/** The images that a text names, in order. */
export function imageLinks(text: string): readonly ImageLink[] {
  return forms
    .flatMap((form) =>
      [...text.matchAll(form)].map((found): ImageLink => ({
        target: (found[1] ?? found[2] ?? '').trim(),
        start: found.index,
        end: found.index + found[0].length,
      })),
    )
    .filter(({ target }) => target !== '')
    .toSorted((a, b) => a.start - b.start);
}

/** The image that a text names where it does nothing else. */
export function onlyImageLink(text: string): ImageLink | undefined {
  const [link, another] = imageLinks(text);
  if (link === undefined || another !== undefined) return undefined;
  const around = text.slice(0, link.start) + text.slice(link.end);
  return around.trim() === '' ? link : undefined;
}

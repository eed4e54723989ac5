/** A piece of SVG, whose texts and attributes are escaped already. */
export type Markup = string & { readonly kind: 'markup' };

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** What is no character of XML 1.0, by which a file would not be well-formed however it is escaped. */
// eslint-disable-next-line no-control-regex
const noCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** A text as XML has it; what is no character of XML becomes U+FFFD. */
export function escaped(text: string): Markup {
  const safe = text
    .replaceAll(noCharacter, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    // An attribute's line ends would be read as spaces.
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
  return markup(safe);
}

/** An element. Attributes that are undefined are left out; numbers are rounded to a thousandth of a pixel. */
export function element(name: string, attributes: Attributes, ...children: readonly Markup[]): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(typeof value === 'number' ? short(value) : value)}"`],
  );
  const start = `<${name}${written.join('')}`;
  return markup(children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`);
}

export function joined(parts: readonly Markup[], between = ''): Markup {
  return markup(parts.join(between));
}

/** A length in pixels, without digits that nobody sees. */
export function short(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

/** A number that reads back as the same float32, in as few digits as do. */
export function exactNumber(value: number): string {
  for (let digits = 6; digits < 9; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === Math.fround(value)) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** The only way to markup: what is handed in is made of elements and escaped texts. */
function markup(text: string): Markup {
  return text as Markup;
}

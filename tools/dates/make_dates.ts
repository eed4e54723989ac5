/**
 * Writes dates as people of hundreds of locales write them, with their ISO form, for `train.py`.
 *
 * Where they come from: the platform's locale data (CLDR, through ICU and `Intl.DateTimeFormat`), and patterns of our own
 * over its names of months and weekdays. Only dates that can be told without knowing the locale are written: four digits of
 * a year, and no 3/4/2021.
 *
 * How they are split, so that nothing is learned by heart: a tenth of all days (by a hash of the ISO form) is never trained
 * on, in any locale; a tenth of all languages is not trained on at all.
 *   train.tsv   trained on        held-out.tsv   known languages, other days
 *   unseen.tsv  other languages (any day)
 *
 * Run from this folder: npx esbuild make_dates.ts --bundle --platform=node | node - <folder>
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { charactersOf } from '../../src/models/dates/characters.js';

const trained = 420_000;
const tested = 6000;

/** Languages that are always trained on: those most people will try. */
const major = new Set(
  'en de fr es it pt nl ru pl uk cs sv da nb fi hu ro el tr ar he fa hi bn th vi id ms ja ko zh ca eu gl bg sr hr sk sl lt lv et'.split(
    ' ',
  ),
);

let state = 20_260_301;
/** From 0 up to `below`. */
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
function pick<T>(list: readonly T[]): T {
  const found = list[random(list.length)];
  if (found === undefined) throw new Error('There is nothing to pick from.');
  return found;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b3c6d) >>> 0;
}

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const exists = (tag: string): boolean => {
  try {
    return new Intl.DateTimeFormat(tag).resolvedOptions().locale === tag;
  } catch {
    return false;
  }
};

/** Every language that the platform has words for, with its scripts and regions. */
function findLocales(): Map<string, string[]> {
  const two = letters.flatMap((a) => letters.map((b) => a + b));
  const three = two.flatMap((ab) => letters.map((c) => ab + c));
  const languages = [...two, ...three].filter(
    (tag) => Intl.DateTimeFormat.supportedLocalesOf([tag]).length > 0 && exists(tag),
  );
  const regions = two.map((each) => each.toUpperCase());
  const scripts = ['Latn', 'Cyrl', 'Arab', 'Hant', 'Hans', 'Deva', 'Beng', 'Guru', 'Adlm'];
  return new Map(
    languages.map((language) => {
      const own = [language, ...scripts.map((script) => `${language}-${script}`).filter(exists)];
      return [
        language,
        [...own, ...own.flatMap((tag) => regions.map((region) => `${tag}-${region}`).filter(exists))],
      ];
    }),
  );
}

const native: Readonly<Record<string, string>> = {
  ar: 'arab',
  fa: 'arabext',
  ur: 'arabext',
  ps: 'arabext',
  ckb: 'arab',
  hi: 'deva',
  mr: 'deva',
  ne: 'deva',
  bn: 'beng',
  as: 'beng',
  th: 'thai',
  my: 'mymr',
  km: 'khmr',
  lo: 'laoo',
  ta: 'tamldec',
  te: 'telu',
  kn: 'knda',
  ml: 'mlym',
  gu: 'gujr',
  pa: 'guru',
  or: 'orya',
  dz: 'tibt',
  bo: 'tibt',
  sat: 'olck',
};

const styles: readonly Intl.DateTimeFormatOptions[] = [
  { dateStyle: 'full' },
  { dateStyle: 'long' },
  { dateStyle: 'long' },
  { dateStyle: 'medium' },
  { year: 'numeric', month: 'long', day: 'numeric' },
  { year: 'numeric', month: 'short', day: 'numeric' },
  { year: 'numeric', month: 'short', day: '2-digit', weekday: 'short' },
  { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' },
  { year: 'numeric', month: '2-digit', day: '2-digit' },
];

const formats = new Map<string, Intl.DateTimeFormat>();
function format(tag: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = tag + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(tag, { ...options, timeZone: 'UTC' });
  formats.set(key, known);
  return known;
}

interface Day {
  readonly date: Date;
  readonly iso: string;
  readonly year: number;
  readonly day: number;
}

function randomDay(): Day {
  const kind = random(10);
  const year = kind < 7 ? 1900 + random(151) : kind < 9 ? 1500 + random(700) : 1000 + random(2000);
  const date = new Date(Date.UTC(2000, random(12), 1));
  date.setUTCFullYear(year);
  const days = new Date(Date.UTC(2000, date.getUTCMonth() + 1, 0));
  days.setUTCFullYear(year);
  const last = new Date(Date.UTC(year, date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(1 + random(last));
  const iso = `${String(year).padStart(4, '0')}-${String(date.getUTCMonth() + 1).padStart(2, '0')}-${String(date.getUTCDate()).padStart(2, '0')}`;
  return { date, iso, year, day: date.getUTCDate() };
}

const isHeldOut = (iso: string): boolean => hash(`day ${iso}`) % 10 === 0;

type Parts = Partial<Record<Intl.DateTimeFormatPartTypes, string>>;

/** What Intl writes; undefined where it cannot be told without the locale. */
function byPlatform(tag: string, { date, day }: Day): string | undefined {
  const parts = format(tag, pick(styles)).formatToParts(date);
  const order = parts
    .map(({ type }) => type)
    .filter((type) => type === 'year' || type === 'month' || type === 'day');
  const values: Parts = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  const digits = (text = ''): number => [...text].filter((each) => /\p{Nd}/u.test(each)).length;
  if (digits(values.year) < 4 || values.month === undefined || values.day === undefined) return undefined;
  const numeric = digits(values.month) > 0 && !/\p{L}/u.test(values.month);
  // 2021年3月9日 says itself which is the month.
  const said =
    parts.some(({ type, value }) => type === 'literal' && /[月월]/u.test(value)) ||
    /[月월]/u.test(values.month);
  if (numeric && !said && day <= 12 && order.join() !== 'year,month,day') return undefined;
  return parts.map(({ value }) => value).join('');
}

const ordinal = (day: number): string =>
  day % 10 === 1 && day !== 11
    ? `${day}st`
    : day % 10 === 2 && day !== 12
      ? `${day}nd`
      : day % 10 === 3 && day !== 13
        ? `${day}rd`
        : `${day}th`;

/** As people write by hand: the platform's names of month and weekday in orders and with marks of our own. */
function byHand(tag: string, { date, day, year, iso }: Day): string | undefined {
  const name = (
    options: Intl.DateTimeFormatOptions,
    type: Intl.DateTimeFormatPartTypes,
  ): string | undefined =>
    format(tag, options)
      .formatToParts(date)
      .find((part) => part.type === type)?.value;
  const length = pick(['long', 'long', 'short'] as const);
  // In some languages a month stands alone in another form than beside a day.
  const month = pick([
    name({ year: 'numeric', month: length, day: 'numeric' }, 'month'),
    name({ month: length }, 'month'),
  ]);
  const weekday = name({ weekday: pick(['long', 'short'] as const) }, 'weekday');
  if (month === undefined || weekday === undefined || !/\p{L}/u.test(month)) return undefined;
  const before = pick(['', '', `${weekday} `, `${weekday}, `]);
  const [m, y, d] = [month, year, day];
  const language = tag.split('-')[0];
  const own: Readonly<Record<string, readonly string[]>> = {
    en: [
      `${before}the ${ordinal(d)} of ${m}, ${y}`,
      `${before}the ${ordinal(d)} of ${m} ${y}`,
      `${ordinal(d)} ${m} ${y}`,
      `${m} ${ordinal(d)}, ${y}`,
      `${m} the ${ordinal(d)} ${y}`,
      `${before}${ordinal(d)} of ${m} ${y}`,
      `on ${m} ${d}, ${y}`,
    ],
    fr: [`${pick(['le ', ''])}${before}${d === 1 ? '1er' : d} ${m} ${y}`],
    de: [`${before}den ${d}. ${m} ${y}`, `am ${d}. ${m} ${y}`],
    es: [`${before}${d} de ${m} de ${y}`, `${d} de ${m} del ${y}`, `el ${d} de ${m} de ${y}`],
    pt: [`${before}${d} de ${m} de ${y}`, `${d === 1 ? '1º' : d} de ${m} de ${y}`],
    it: [`${before}il ${d} ${m} ${y}`, `${d === 1 ? '1º' : d} ${m} ${y}`],
    nl: [`${before}op ${d} ${m} ${y}`],
    zh: [`${y}年${iso.slice(5, 7).replace(/^0/, '')}月${d}号`],
  };
  const common = [
    `${before}${d} ${m} ${y}`,
    `${before}${m} ${d}, ${y}`,
    `${d}. ${m} ${y}`,
    `${y} ${m} ${d}`,
    `${d}-${m}-${y}`,
    `${m} ${d} ${y}`,
  ];
  return pick([...common, ...(own[language ?? ''] ?? []), ...(own[language ?? ''] ?? [])]);
}

/** Numbers alone, in orders that say themselves what is what. */
function byNumbers({ iso, day, year }: Day): string {
  const [y = '', m = '', d = ''] = iso.split('-');
  const short = (text: string): string => text.replace(/^0/, '');
  const mark = pick(['-', '/', '.', ' ', '. ']);
  const forms = [iso, [y, m, d].join(mark), [y, short(m), short(d)].join(mark), `${y}${m}${d}`];
  if (day > 12)
    forms.push([d, m, y].join(mark), [m, d, y].join(mark), [short(d), short(m), String(year)].join(mark));
  return pick(forms);
}

/** What slips in when people type. */
function worn(text: string): string {
  let result = text;
  if (random(8) === 0)
    result = result
      .normalize('NFD')
      .replaceAll(/\p{Script=Latin}\p{M}+/gu, (each) => [...each][0] ?? '')
      .normalize('NFC');
  if (random(8) === 0) result = result.replaceAll(/[,.،]/gu, '');
  if (random(12) === 0) result = result.replaceAll(' ', pick(['  ', '']));
  if (random(30) === 0) result = `${result}${pick(['.', ',', ';', ':', '!'])}`;
  if (random(30) === 0) result = `${pick(['(', '"', '– ', '« '])}${result}`;
  return result;
}

const locales = findLocales();
const unseen = new Set(
  [...locales.keys()].filter((language) => !major.has(language) && hash(`language ${language}`) % 10 < 1),
);
const known = [...locales].filter(([language]) => !unseen.has(language));
const other = [...locales].filter(([language]) => unseen.has(language));

function example(
  from: readonly (readonly [string, readonly string[]])[],
  wants: (iso: string) => boolean,
): [string, string] {
  for (;;) {
    const day = randomDay();
    if (!wants(day.iso)) continue;
    // Every other date is in a language that many people write.
    const choices =
      from.some(([language]) => major.has(language)) && random(2) === 0
        ? from.filter(([language]) => major.has(language))
        : from;
    const [language, tags] = pick(choices);
    const digits = native[language];
    const tag = `${pick(tags)}-u-ca-gregory${digits === undefined ? '' : `-nu-${pick([digits, 'latn'])}`}`;
    const kind = random(20);
    const text = kind < 11 ? byPlatform(tag, day) : kind < 19 ? byHand(tag, day) : byNumbers(day);
    if (text === undefined) continue;
    const characters = charactersOf(worn(text))
      .map((each) => each.text)
      .join('');
    if ([...characters].length <= 64) return [characters, day.iso];
  }
}

const folder = process.argv[2] ?? '.';
mkdirSync(folder, { recursive: true });
function write(name: string, count: number, from: typeof known, wants: (iso: string) => boolean): void {
  const stream = createWriteStream(join(folder, name));
  const seen = new Set<string>();
  let lines: string[] = [];
  for (let at = 0; at < count; at++) {
    const [text, iso] = example(from, wants);
    if (name !== 'train.tsv' && seen.has(text)) {
      at--;
      continue;
    }
    seen.add(text);
    lines.push(`${text}\t${iso}\n`);
    if (lines.length === 10_000) {
      stream.write(lines.join(''));
      lines = [];
    }
  }
  stream.end(lines.join(''));
}
write('train.tsv', trained, known, (iso) => !isHeldOut(iso));
write('held-out.tsv', tested, known, isHeldOut);
write('unseen.tsv', tested, other, () => true);
const count = (list: typeof known): number => list.reduce((sum, [, tags]) => sum + tags.length, 0);
process.stdout.write(
  `${known.length} languages, ${count(known)} locales known; ${other.length} languages, ${count(other)} locales unseen: ${other.map(([language]) => language).join(' ')}\n`,
);

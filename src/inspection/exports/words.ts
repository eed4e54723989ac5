import type { Alignment, AudioMedium, InspectionSummary, TimingFormat } from '../../protocol.js';
import type { WordsExporter } from './exporter.js';
import { bytesOf } from './text.js';

type Word = Alignment['words'][number];

interface Format {
  readonly id: TimingFormat;
  readonly title: string;
  readonly note: string;
  readonly extension: string;
  write(alignment: Alignment, summary: InspectionSummary): string;
}

/** About so many bytes a word. */
const wordBytes = 64;

/** Only whole milliseconds are written, as such files have them. */
const digits = 3;

const formats: readonly Format[] = [
  {
    id: 'json',
    title: 'Word times (.json)',
    note: 'When each word was said, in seconds, with the heads that the alignment used.',
    extension: 'json',
    write: json,
  },
  {
    id: 'srt',
    title: 'SubRip (.srt)',
    note: 'A subtitle for each word.',
    extension: 'srt',
    write: ({ words }) =>
      words
        .map(
          (word, at) =>
            `${at + 1}\n${time(word.start, ',', true)} --> ${time(word.end, ',', true)}\n${lineOf(word)}\n\n`,
        )
        .join(''),
  },
  {
    id: 'vtt',
    title: 'WebVTT (.vtt)',
    note: 'A cue for each word.',
    extension: 'vtt',
    write: ({ words }) =>
      `WEBVTT\n\n${words
        .map(
          (word) =>
            `${time(word.start, '.', false)} --> ${time(word.end, '.', false)}\n${escaped(lineOf(word))}\n\n`,
        )
        .join('')}`,
  },
  {
    id: 'textgrid',
    title: 'Praat TextGrid (.TextGrid)',
    note: 'A tier of the words over the whole recording.',
    extension: 'TextGrid',
    write: textGrid,
  },
];

/** Word times, as other programs read them. */
export const wordsExporters: readonly WordsExporter[] = formats.map(
  ({ id, title, note, extension, write }): WordsExporter => ({
    id: `words-${id}`,
    title,
    note,
    extension,
    of: 'words',
    fits: ({ aligns }) => aligns === true,
    files: ({ name, summary, words }) => [
      {
        name: `${name}.${extension}`,
        size: 256 + wordBytes * summary.queries.count,
        async *write(signal) {
          const text = write(await words(signal), summary);
          signal.throwIfAborted();
          yield bytesOf(text);
        },
      },
    ],
  }),
);

function json(alignment: Alignment, summary: InspectionSummary): string {
  const recording = recordingIn(summary);
  return `${JSON.stringify(
    {
      recording: recording?.name ?? null,
      duration: recording?.duration ?? null,
      heard: recording?.heard ?? null,
      about: summary.subtitle,
      unit: 'seconds of the recording',
      by: `dynamic time warping over the attention of some heads, ${programIn(summary)}: times are found, not said by the model`,
      heads: alignment.heads,
      notices: alignment.notices,
      words: alignment.words.map((word) => ({
        text: word.text.trim(),
        start: rounded(word.start),
        end: rounded(word.end),
      })),
    },
    undefined,
    1,
  )}\n`;
}

/** As Praat saves it, long form. Intervals follow each other without a gap; words that take no time stand with the one behind them. */
function textGrid({ words }: Alignment, summary: InspectionSummary): string {
  const recording = recordingIn(summary);
  const end = rounded(Math.max(recording?.duration ?? 0, words.at(-1)?.end ?? 0));
  const intervals: { from: number; to: number; text: string }[] = [];
  let [last, waiting] = [0, ''];
  for (const word of words) {
    const [from, to] = [Math.max(last, rounded(word.start)), rounded(word.end)];
    const text = [waiting, lineOf(word)].filter((part) => part !== '').join(' ');
    if (to <= from) {
      waiting = text;
      continue;
    }
    if (from > last) intervals.push({ from: last, to: from, text: '' });
    intervals.push({ from, to, text });
    [last, waiting] = [to, ''];
  }
  const before = intervals.at(-1);
  if (waiting !== '' && before !== undefined) before.text = `${before.text} ${waiting}`;
  if (last < end) intervals.push({ from: last, to: end, text: before === undefined ? waiting : '' });
  const lines = [
    'File type = "ooTextFile"',
    'Object class = "TextGrid"',
    '',
    'xmin = 0 ',
    `xmax = ${end} `,
    'tiers? <exists> ',
    'size = 1 ',
    'item []: ',
    '    item [1]:',
    '        class = "IntervalTier" ',
    '        name = "words" ',
    '        xmin = 0 ',
    `        xmax = ${end} `,
    `        intervals: size = ${intervals.length} `,
    ...intervals.flatMap(({ from, to, text }, at) => [
      `        intervals [${at + 1}]:`,
      `            xmin = ${from} `,
      `            xmax = ${to} `,
      `            text = "${text.replaceAll('"', '""')}" `,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whose way of aligning it is: “as OpenAI’s program”. */
function programIn({ parameters }: InspectionSummary): string {
  const chosen = parameters.find(({ name }) => name === 'alignment');
  const title =
    chosen?.kind === 'choice' ? chosen.choices.find(({ value }) => value === chosen.value)?.title : undefined;
  return (title ?? 'As OpenAI’s program').toLowerCase().replace('openai', 'OpenAI');
}

function recordingIn({ media }: InspectionSummary): AudioMedium | undefined {
  return media.find((medium) => medium.kind === 'audio');
}

/** A word by itself, in one line. */
function lineOf({ text }: Word): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

/** What WebVTT reads as marks. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(digits));
}

/** @param hours whether they are written where there are none */
function time(seconds: number, point: string, hours: boolean): string {
  const whole = Math.round(seconds * 10 ** digits);
  const part = (unit: number, size: number): string =>
    String(Math.floor(whole / unit) % size).padStart(2, '0');
  const own = Math.floor(whole / 3_600_000);
  const begin = hours || own > 0 ? `${String(own).padStart(2, '0')}:` : '';
  return `${begin}${part(60_000, 60)}:${part(1000, 60)}${point}${String(whole % 1000).padStart(3, '0')}`;
}

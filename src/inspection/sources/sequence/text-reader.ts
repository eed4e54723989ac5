import { stableKey } from '../../../common/values.js';
import { shortened } from '../../../common/strings.js';
import { ModelError, type Encoding, type Model } from '../../../models/index.js';
import type { ParameterValues } from '../../../protocol.js';
import { marksIn, textMedium } from '../../core/marks.js';
import type { ModelHandle } from '../../core/models.js';
import { truncated, unknownTokens } from '../../core/truncated.js';
import { tokenInput } from '../../run/sequence-run.js';
import {
  choicesOf,
  isCode,
  languageNotices,
  languagesOf,
  readTarget,
  withLanguage,
  type Languages,
} from './languages.js';
import { attentionParameter, choice } from './parameters.js';
import type { Read, SequenceReader } from './reader.js';

/** A text, which is translated, summarised, answered, as the model was trained for. @throws ModelError when there is no text */
export async function textReader(
  handle: ModelHandle,
  texts: readonly [string] | readonly [string, string],
): Promise<SequenceReader> {
  const { model } = handle;
  if (texts.some((text) => text.trim() === '')) {
    throw new ModelError('There is no text to inspect: it is empty.');
  }
  const languages = await languagesOf(model);
  const [source, target] = texts;
  return {
    model,
    title: `“${shortened(source, 28)}”`,
    target: target === undefined ? undefined : { text: target, medium: textMedium(1) },
    parameters: () => [
      attentionParameter('Target', 'Source'),
      ...choice('task', 'Task', 'What is put before the text to say what to do with it.', [
        ...[...model.prefixes].map(([name, prefix]) => ({ value: name, title: prefix.trim() })),
      ]),
      ...choice('from', 'From', 'The language of the text.', choicesOf(languages, 'from')),
      ...choice('into', 'Into', 'The language to write.', choicesOf(languages, 'into')),
    ],
    limit: model.limit,
    release: () => handle.release(),
    read: (values) => readText(model, languages, { source, isGiven: target !== undefined }, values),
  };
}

async function readText(
  model: Model,
  languages: Languages,
  { source, isGiven }: { readonly source: string; readonly isGiven: boolean },
  values: ParameterValues,
): Promise<Read> {
  const chosen = String(values['into']);
  const code = isCode(chosen) && languages.ids.has(chosen) ? `${chosen} ` : '';
  const prefix = code + (model.prefixes.get(String(values['task'])) ?? '');
  const from = languages.ids.get(String(values['from']));
  const into = code === '' ? languages.ids.get(chosen) : undefined;
  const encoding = withLanguage(await encode(model, prefix, source), languages, from ?? languages.from);
  const { ids } = encoding;
  return {
    key: stableKey([prefix, from, into]),
    input: tokenInput(model, ids),
    ids,
    media: isGiven ? [textMedium(0), textMedium(1)] : [textMedium(0)],
    labels: {
      count: encoding.tokens.length,
      words: encoding.tokens,
      marks: marksIn(textMedium(0), encoding.ranges),
    },
    size: String(ids.length),
    begin(own) {
      // Where the first token of all is a language, it is the one that is chosen.
      const replaces = own !== undefined && new Set(languages.ids.values()).has(own) && into !== undefined;
      const start = replaces ? into : own;
      return {
        tokens: start === undefined ? [] : [start],
        rules: { forced: (place) => (place === 1 && !replaces ? into : undefined) },
      };
    },
    async target([start = 0], text) {
      const given = withLanguage(await model.encodeTarget(text), languages, into ?? languages.into);
      return { ...readTarget(start, given, languages), notices: [] };
    },
    notices: (generation, target) =>
      languageNotices(languages, generation, {
        text: prefix + source,
        source: encoding,
        target,
        isGiven,
        from: from !== undefined,
        into: into !== undefined,
      }),
    losses: [...truncated(ids.length, encoding), ...unknownTokens(encoding)],
  };
}

/** The tokens of a text with what the task begins with; places are those in the text alone. */
async function encode(model: Model, prefix: string, text: string): Promise<Encoding> {
  const encoding = await model.encode(prefix + text);
  const { length } = prefix;
  return {
    ...encoding,
    ranges: encoding.ranges.map((range) =>
      range === null || range.end <= length
        ? null
        : { start: Math.max(0, range.start - length), end: range.end - length },
    ),
  };
}

import { stableKey } from '../../../common/values.js';
import { ModelError, type CharacterRange, type SpeechModel } from '../../../models/index.js';
import {
  beginningOf,
  followRules,
  languageHeard,
  type WritingSettings,
} from '../../../models/speech/writing.js';
import type { Parameter, ParameterValues } from '../../../protocol.js';
import { audioInput, audioLabels, type AudioInput } from '../../core/audio-input.js';
import { textMedium } from '../../core/marks.js';
import type { ModelHandle } from '../../core/models.js';
import type { BroughtRecording } from '../../core/recording.js';
import type { Task } from '../../core/task.js';
import type { CausalRun } from '../../run/causal-run.js';
import type { SequenceInput } from '../../run/sequence-run.js';
import { partIn, partParameters, speechParameters } from './audio-parameters.js';
import { attentionParameter } from './parameters.js';
import type { Opening, Read, ReadTarget, SequenceReader } from './reader.js';
import { alignSpeech } from './speech-alignment.js';

/**
 * A recording that a model writes down.
 * @param transcript what is said in it, where that is known
 * @throws ModelError where the transcript is empty, or the model does not say how it writes
 */
export async function audioReader(
  handle: ModelHandle<SpeechModel>,
  recording: BroughtRecording,
  transcript: string | undefined,
): Promise<SequenceReader> {
  const { model } = handle;
  const settings = await model.writing();
  const target = transcript === undefined ? undefined : { text: transcript, medium: textMedium(0) };
  // The spectrogram is the same as long as the part is.
  let last: { readonly key: string; readonly input: Promise<AudioInput> } | undefined;
  const hear = (values: ParameterValues): Promise<AudioInput> => {
    const part = partIn(values, recording.duration, model.most);
    const key = stableKey([part.start, part.end]);
    if (last?.key === key) return last.input;
    const input = audioInput(recording, model, part);
    last = { key, input };
    input.catch(() => {
      if (last?.key === key) last = undefined;
    });
    return input;
  };
  return {
    model,
    title: recording.name,
    target,
    parameters: (values): readonly Parameter[] => [
      attentionParameter('Text', 'Sound'),
      ...partParameters(values, recording.duration, model.most),
      ...speechParameters(model, settings, target === undefined),
    ],
    // As OpenAI's program has it: the other half is left to what was said before.
    length: Math.floor(model.decoder.limit / 2),
    limit: model.limit,
    async release() {
      await recording.close();
      await handle.release();
    },
    async read(values, task) {
      task.progress?.(`Hearing ${recording.name}`, null);
      return readAudio(model, settings, await hear(values), values, target?.text);
    },
  };
}

function readAudio(
  model: SpeechModel,
  settings: WritingSettings,
  audio: AudioInput,
  values: ParameterValues,
  transcript: string | undefined,
): Read {
  const { hearing, medium, sound } = audio;
  const input: SequenceInput = {
    count: model.limit,
    build(attention) {
      const { spectrogram, ...graph } = model.build(hearing, attention);
      return { ...graph, before: spectrogram };
    },
  };
  const timed = transcript === undefined && values['timestamps'] === 'on';
  const { start, end } = medium.heard;
  const prompt = String(values['prompt'] ?? '').trim();
  return {
    key: stableKey([start, end, values['task'], values['language'], timed, prompt]),
    input,
    media: transcript === undefined ? [medium] : [medium, textMedium(0)],
    sound,
    ids: [],
    labels: audioLabels(audio, model),
    size: `${(end - start).toFixed(2)} s (${model.limit} frames)`,
    begin: (_, run, task) => begin(model, settings, { values, timed, prompt }, run, task),
    target: (opening, text) => readTranscript(model, settings, opening, text),
    notices: () => audio.notices,
    losses: [],
    align: (run, opening, own) => alignSpeech({ model, settings, audio, run, opening, values: own }),
  };
}

/** What stands before the text: start, language, task, and that no times are written. The language may have to be heard first. */
async function begin(
  model: SpeechModel,
  settings: WritingSettings,
  {
    values,
    timed,
    prompt,
  }: { readonly values: ParameterValues; readonly timed: boolean; readonly prompt: string },
  run: CausalRun,
  task: Task,
): Promise<Opening> {
  const [language, wanted] = [chosen(values['language']), chosen(values['task'])];
  const beginning = beginningOf(settings, {
    timed,
    ...(language === undefined ? {} : { language }),
    ...(wanted === undefined ? {} : { task: wanted }),
  });
  const tokens = [...beginning.tokens];
  const notices: string[] = [];
  if (beginning.listensAt !== undefined) {
    await run.append([settings.start], task);
    const heard = languageHeard(settings, await run.logits(0, task));
    if (heard !== undefined) {
      tokens[beginning.listensAt] = heard;
      const name = [...settings.languages].find(([, id]) => id === heard)?.[0] ?? '';
      notices.push(
        `The model heard ${named(name)}: the likeliest of its ${settings.languages.size} languages. Choose “Language” for another one.`,
      );
    }
  }
  if (prompt !== '') {
    const before = await promptOf(model, settings, prompt);
    // What was heard of the language was heard without it.
    await run.back(0);
    tokens.unshift(...before.tokens);
    notices.push(...before.notices);
  }
  return {
    tokens,
    hidden: tokens.length,
    notices,
    rules: {
      changes: (logits, written) => {
        followRules(settings, logits, written, timed);
      },
    },
  };
}

/** What was said before, behind the token that says so: its end, where it is more than the decoder has room for. @throws ModelError */
async function promptOf(
  model: SpeechModel,
  { where }: WritingSettings,
  prompt: string,
): Promise<{ readonly tokens: readonly number[]; readonly notices: readonly string[] }> {
  const previous = await model.previous();
  if (previous === undefined) {
    throw new ModelError(
      `${where}: the model cannot be told what was said before; it has no “<|startofprev|>”.`,
    );
  }
  const { ids } = await model.encodeText(inOneLine(prompt).text);
  // As OpenAI’s program cuts it: half of what the decoder reads is left to the text.
  const room = Math.max(1, Math.floor(model.decoder.limit / 2) - 1);
  return {
    tokens: [previous, ...ids.slice(-room)],
    notices:
      ids.length > room
        ? [`Of what was said before, the last ${room} of ${ids.length} tokens were read.`]
        : [],
  };
}

/** A transcript as the decoder reads it: after what it begins with, in one line, and the end behind it. */
async function readTranscript(
  model: SpeechModel,
  { end }: WritingSettings,
  opening: readonly number[],
  text: string,
): Promise<ReadTarget> {
  const line = inOneLine(text);
  const { ids, ranges, left } = await model.encodeText(line.text);
  const room = model.decoder.limit - opening.length - 1;
  const own = ids.slice(0, room);
  const places = ranges.slice(0, room).map((range) => (range === null ? null : line.placeOf(range)));
  return {
    ids: [...opening, ...own, end],
    ranges: [...opening.slice(1).map(() => null), ...places, null],
    notices: [
      ...(own.length < ids.length
        ? [
            `The transcript has ${ids.length} tokens, of which the decoder reads the first ${own.length}; choose a part of the recording and its text.`,
          ]
        : []),
      ...(left === 0
        ? []
        : [
            `${left} of the tokens in the transcript stand for no text (times, languages, the end): they were left out.`,
          ]),
    ],
  };
}

/** A text as speech models know it, with one space before it and between its words, and where parts of that stand in it. */
function inOneLine(text: string): {
  readonly text: string;
  /** None of what has no place of its own. */
  placeOf(range: CharacterRange): CharacterRange | null;
} {
  let line = '';
  // By unit of the line: the one in the text, where a space stands before the word behind it.
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    line += ` ${word}`;
    starts.push(index);
    ends.push(index);
    for (let at = 0; at < word.length; at++) {
      starts.push(index + at);
      ends.push(index + at + 1);
    }
  }
  return {
    text: line,
    placeOf(range) {
      const start = starts[range.start] ?? 0;
      const end = ends[range.end - 1] ?? 0;
      return start < end ? { start, end } : null;
    },
  };
}

function chosen(value: ParameterValues[string] | undefined): string | undefined {
  return value === undefined || value === 'auto' ? undefined : String(value);
}

/** "<|en|>" → “en” */
function named(language: string): string {
  return `“${language.replaceAll(/[<|>]/g, '')}”`;
}

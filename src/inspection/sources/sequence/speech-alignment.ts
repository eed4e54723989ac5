import { stepFor, type Value } from '../../../engine/graph.js';
import { inMemory, wholeOf, type Tensor, type TensorSource } from '../../../engine/tensor.js';
import { placeNumber } from '../../../common/counting.js';
import { quoted } from '../../../formats/untrusted.js';
import { ModelError, type SpeechModel } from '../../../models/index.js';
import { alignment, beginnings, type AlignmentGraph } from '../../../models/speech/alignment.js';
import {
  transformersAlignment,
  transformersBeginnings,
  transformersDifferences,
} from '../../../models/speech/transformers-alignment.js';
import { warp, type Path } from '../../../models/speech/warping.js';
import { withPunctuation, wordsOf } from '../../../models/speech/words.js';
import type { WritingSettings } from '../../../models/speech/writing.js';
import type { Alignment, AlignmentHead, HeadRank, ParameterValues, Span } from '../../../protocol.js';
import type { AudioInput } from '../../core/audio-input.js';
import type { Aligner, Layer } from '../../core/subject.js';
import type { Task } from '../../core/task.js';
import type { SequenceRun } from '../../run/sequence-run.js';
import { LayerReader } from '../../views/reader.js';
import type { Aligned, Opening } from './reader.js';

/** What was heard and written. */
export interface Heard {
  readonly model: SpeechModel;
  readonly settings: WritingSettings;
  readonly audio: AudioInput;
  readonly run: SequenceRun;
  readonly opening: Opening;
  readonly values: ParameterValues;
}

/** What an alignment reads: what begins a text, the text alone, and what ends it. */
interface Sequence {
  readonly tokens: readonly number[];
  readonly text: readonly number[];
  /** Tokens before the row that says the first word. */
  readonly before: number;
  /** For each token of the text, then the end: its row in what is shown. */
  readonly rows: readonly number[];
  /** Of these, how many are aligned, where the last is not. */
  readonly count?: number;
  /** Which of these rows is each token of the text; one after the other where left out. */
  readonly order?: readonly number[];
  /** "en"; undefined where the model knows one alone. */
  readonly language: string | undefined;
}

/** An alignment's graph over the layers of an attention, and all numbers that it starts from. */
interface Aligning extends AlignmentGraph {
  readonly kept: Layer['kept'];
}

/**
 * Frames to both sides of a path that count as near it: a tenth of a second of Whisper's. A head that looks at each word while it is
 * said has all but a little of its weight there.
 */
const near = 5;

/**
 * What was written, beside when it was said. Where it was written behind a prompt, or with times, the text is read once more without
 * them, as OpenAI's program does: its steps have rows of their own then, and are not among those that are shown.
 */
export function alignSpeech(heard: Heard): Aligned {
  if (heard.values['alignment'] === 'transformers') return alignAsTransformers(heard);
  const { model, run, audio } = heard;
  const shown = run.layers('cross', true);
  const sequence = sequenceOf(heard);
  const { tokens, text } = sequence;
  const not = (why: string): Aligned => ({ layers: shown, aligner: undefined, notices: [why] });
  if (text.length === 0) return not('There is no text to align with the sound.');
  if (audio.frames < 1) {
    return not(`The part that was heard is shorter than a frame (${model.frame} s): nothing can be aligned.`);
  }
  if (tokens.length > model.decoder.limit) {
    return not(
      `The text is too long to be aligned: with what begins and ends it, it has ${tokens.length} tokens, and the decoder reads ${model.decoder.limit}.`,
    );
  }
  const { heads, notices } = headsOf(heard);
  const width = Number(heard.values['medianWidth'] ?? 7);
  const { frames } = audio;
  const graphOf = (layers: readonly Layer[]): Aligning => ({
    ...alignment({ scores: layers.map(scoresOf), heads, frames, before: sequence.before, width }),
    kept: new Map(layers.flatMap(({ kept }) => [...kept])),
  });
  const { ids } = run.target;
  if (tokens.length === ids.length && tokens.every((id, at) => id === ids[at])) {
    const graph = graphOf(shown);
    const aligner = new SpeechAligner(heard, { sequence, heads, notices }, () => Promise.resolve(graph));
    const mean: TensorSource = {
      shape: graph.mean.shape,
      read: async (region, into) => inMemory(await aligner.mean()).read(region, into),
    };
    const kept = new Map([...graph.kept, [graph.mean, mean] as const]);
    const layers = shown.map(({ steps }, at) => {
      const { cropped, weights, standard, smooth } = graph.layers[at] ?? {};
      const own = [cropped, weights, standard, smooth].filter((value) => value !== undefined);
      return { steps: [...steps, ...own, graph.mean, graph.whole], kept };
    });
    return { layers, aligner, notices };
  }
  const aligner = new SpeechAligner(heard, { sequence, heads, notices }, async (task) =>
    graphOf(await run.beside(tokens, task)),
  );
  const again =
    'For its alignment the text is read once more as OpenAI’s program reads it: after start, language and task alone, without times, and with its end. Its steps have other rows than what is shown here, and are not among them.';
  return { layers: shown, aligner, notices: [...notices, again] };
}

/** What was written, beside when transformers says that it was said, by the very rows that are shown. */
function alignAsTransformers(heard: Heard): Aligned {
  const { model, settings, run, audio, opening } = heard;
  const shown = run.layers('cross', true);
  const { ids } = run.target;
  const before = opening.tokens.length;
  const ending = ids.indexOf(settings.end, before);
  const written = ids.slice(before, ending < 0 ? ids.length : ending);
  // A text that was broken off ends with a token that was written and never read, as its end is otherwise.
  const count = ending < 0 ? written.length - 1 : written.length;
  const not = (why: string): Aligned => ({ layers: shown, aligner: undefined, notices: [why] });
  const order = written.flatMap((id, at) => (id < settings.end ? [at] : []));
  if (order.length === 0 || count < 1) return not('There is no text to align with the sound.');
  if (audio.frames < 1) {
    return not(`The part that was heard is shorter than a frame (${model.frame} s): nothing can be aligned.`);
  }
  const { heads, notices } = headsOf(heard);
  const graph = transformersAlignment({
    weights: shown.map(({ steps }) => stepFor(steps, 'weights')),
    heads,
    frames: audio.frames,
    before,
    count,
    width: Number(heard.values['medianWidth'] ?? 7),
  });
  const kept = new Map(shown.flatMap((layer) => [...layer.kept]));
  const sequence: Sequence = {
    tokens: ids,
    text: order.map((at) => written[at] ?? settings.end),
    before: 0,
    rows: written.map((_, at) => before + at),
    count,
    order,
    language: sequenceOf(heard).language,
  };
  const said = [
    ...notices,
    ...transformersDifferences,
    'The steps of this alignment have rows for the text alone, and are not among those that are shown.',
  ];
  const asked = { sequence, heads, notices: said };
  const aligner = new SpeechAligner(
    heard,
    asked,
    () => Promise.resolve({ ...graph, kept }),
    transformersBeginnings,
  );
  return { layers: shown, aligner, notices: said };
}

/** What the softmax of a layer's weights reads. @throws Error where they are made otherwise */
function scoresOf({ steps }: Layer): Value {
  const { origin } = stepFor(steps, 'weights');
  const [scores] = origin.kind === 'operation' && origin.operation.name === 'softmax' ? origin.inputs : [];
  return scores ?? stepFor(steps, 'scores');
}

function sequenceOf({ settings, run, opening }: Heard): Sequence {
  const { start, end, untimed, languages, tasks } = settings;
  const { ids } = run.target;
  const begun = opening.tokens.slice(opening.tokens.lastIndexOf(start));
  const among = (all: ReadonlyMap<string, number>): number | undefined => {
    const known = new Set(all.values());
    return begun.find((id) => known.has(id));
  };
  const language = among(languages);
  const task = among(tasks) ?? tasks.get('transcribe');
  const begin = [start, language, task, untimed].filter((id) => id !== undefined);
  const places = ids.flatMap((id, at) => (at >= opening.tokens.length && id < end ? [at] : []));
  const text = places.map((at) => ids[at] ?? end);
  const ending = ids.indexOf(end, opening.tokens.length);
  const code = [...languages].find(([, id]) => id === language)?.[0].replaceAll(/[<|>]/g, '');
  return {
    tokens: [...begin, ...text, end],
    text,
    before: begin.length - 1,
    rows: [...places, ending < 0 ? ids.length : ending].map((at) => at - 1),
    language: code,
  };
}

/** The heads that were chosen, the model's own, or those of the last half of its layers. @throws ModelError for one that there is not */
function headsOf({ model, settings, values }: Heard): {
  readonly heads: readonly AlignmentHead[];
  readonly notices: readonly string[];
} {
  const { layers, heads: count } = model.decoder;
  const byHand = String(values['alignmentHeads'] ?? '').trim();
  if (byHand !== '') return { heads: headsIn(byHand, layers, count), notices: [] };
  const named = settings.alignmentHeads ?? [];
  const heads = named.filter(({ layer, head }) => isPlace(layer, layers) && isPlace(head, count));
  const strange = named.length - heads.length;
  const lost =
    strange === 0
      ? []
      : [
          `${strange} of the ${named.length} heads for alignment that generation_config.json names are none of the model’s, which has ${layers} layers of ${count}: they are left out.`,
        ];
  if (heads.length > 0) return { heads, notices: lost };
  const first = Math.floor(layers / 2);
  return {
    heads: Array.from({ length: (layers - first) * count }, (_, at) => ({
      layer: first + Math.floor(at / count),
      head: at % count,
    })),
    notices: [
      ...lost,
      'The model names no heads for alignment: all heads of the last half of its layers are used, as OpenAI’s program does then.',
    ],
  };
}

/** "2.0, 2.3", counted as readers count. @throws ModelError */
function headsIn(text: string, layers: number, count: number): readonly AlignmentHead[] {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  return [...new Set(parts)].map((part) => {
    const found = /^(\d{1,4})\.(\d{1,4})$/.exec(part);
    const layer = Number(found?.[1]) - placeNumber(0);
    const head = Number(found?.[2]) - placeNumber(0);
    if (isPlace(layer, layers) && isPlace(head, count)) return { layer, head };
    const first = `${placeNumber(0)}.${placeNumber(0)}`;
    const last = `${placeNumber(layers - 1)}.${placeNumber(count - 1)}`;
    throw new ModelError(
      `${quoted(part)} is no head for alignment: “layer.head” is meant, from ${first} to ${last}.`,
    );
  });
}

function isPlace(index: number, count: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < count;
}

interface Asked {
  readonly sequence: Sequence;
  readonly heads: readonly AlignmentHead[];
  readonly notices: readonly string[];
}

class SpeechAligner implements Aligner {
  private graph: Promise<Aligning> | undefined;
  private joined: Promise<Tensor<Float32Array>> | undefined;

  constructor(
    private readonly heard: Heard,
    private readonly asked: Asked,
    private readonly open: (task: Task) => Promise<Aligning>,
    /** When each row of the path begins, in frames, and where the last one ends. */
    private readonly begins: (path: Path) => readonly number[] = beginnings,
  ) {}

  /** What the chosen heads come to together. // (token, frame) */
  mean(task: Task = {}): Promise<Tensor<Float32Array>> {
    if (this.joined !== undefined) return this.joined;
    const joined = this.opened(task)
      .then(({ mean, kept }) => numbersOf(this.heard.run, [mean], kept))
      .then(([found = nothing]) => found);
    this.joined = joined;
    // What failed, or was cancelled, is tried again.
    joined.catch(() => {
      if (this.joined === joined) this.joined = undefined;
    });
    return joined;
  }

  async align(task: Task): Promise<Omit<Alignment, 'revision'>> {
    const { heard, asked } = this;
    const { model, audio } = heard;
    const { sequence, heads, notices } = asked;
    const { before, rows, text, count = rows.length, order = text.map((_, at) => at) } = sequence;
    const { shape, data } = await this.mean(task);
    const [, frames = 0] = shape;
    const cost = data.slice(before * frames, (before + count) * frames).map((value) => -value); // (row, frame)
    const path = warp({ shape: [count, frames], data: cost });
    const { start } = audio.medium.heard;
    const timeOf = (frame: number): number => start + frame * model.frame;
    const begins = this.begins(path).map(timeOf);
    const tokenizer = await model.tokenizer();
    const decode = (ids: readonly number[]): string => tokenizer.decode(ids);
    let at = 0;
    const words = wordsOf(text, sequence.language, decode).map((word) => {
      const first = order[at] ?? 0;
      at += word.tokens.length;
      const last = order[at - 1] ?? first;
      return {
        ...word,
        first,
        last,
        start: begins[first] ?? start,
        end: begins[last + 1] ?? begins.at(-1) ?? start,
      };
    });
    return {
      words: withPunctuation(words).map((word) => ({
        text: word.text,
        start: word.start,
        end: word.end,
        rows: spanOf(rows, word),
      })),
      path: {
        rows: Uint32Array.from(path.rows, (row) => rows[row] ?? 0),
        times: Float64Array.from(path.columns, timeOf),
      },
      heads,
      notices,
    };
  }

  async rank(task: Task): Promise<readonly HeadRank[]> {
    const { run } = this.heard;
    const { sequence, heads } = this.asked;
    const { before, rows, count: aligned = rows.length } = sequence;
    const { layers, kept } = await this.opened(task);
    const ranks: HeadRank[] = [];
    for (const [layer, { weights }] of layers.entries()) {
      task.signal?.throwIfAborted();
      task.progress?.(`Layer ${layer + 1} of ${layers.length}`, layer / layers.length);
      const [found = nothing] = await numbersOf(run, [weights], kept);
      const [count = 0, tokens = 0, frames = 0] = weights.shape;
      for (let head = 0; head < count; head++) {
        const from = (head * tokens + before) * frames;
        const own = found.data.subarray(from, from + aligned * frames); // (row, frame)
        const used = heads.some((each) => each.layer === layer && each.head === head);
        ranks.push({ layer, head, share: shareNearPath(own, aligned, frames), used });
      }
    }
    return ranks.toSorted((a, b) => b.share - a.share);
  }

  private opened(task: Task): Promise<Aligning> {
    const graph = this.graph ?? this.open(task);
    this.graph = graph;
    graph.catch(() => {
      if (this.graph === graph) this.graph = undefined;
    });
    return graph;
  }
}

const nothing: Tensor<Float32Array> = { shape: [0, 0], data: new Float32Array() };

function numbersOf(
  run: SequenceRun,
  values: readonly Value[],
  kept: Layer['kept'],
): Promise<readonly Tensor<Float32Array>[]> {
  const reader = new LayerReader({ steps: values, kept }, run.runtime);
  return reader.readAll(values.map((value) => ({ value, region: wholeOf(value.shape) })));
}

/** The rows that a word stands in. */
function spanOf(
  rows: readonly number[],
  { first, last }: { readonly first: number; readonly last: number },
): Span {
  const start = rows[first] ?? 0;
  return { start, end: (rows[last] ?? start) + 1 };
}

/** The share of weights that lies near the best way forward through them. @param weights (row, frame) */
function shareNearPath(weights: Float32Array, rows: number, frames: number): number {
  const path = warp({ shape: [rows, frames], data: weights.map((weight) => -weight) });
  const [low, high] = [new Int32Array(rows).fill(frames), new Int32Array(rows)];
  path.rows.forEach((row, at) => {
    const frame = path.columns[at] ?? 0;
    low[row] = Math.min(low[row] ?? frames, frame);
    high[row] = Math.max(high[row] ?? 0, frame);
  });
  let [all, within] = [0, 0];
  for (let row = 0; row < rows; row++) {
    for (let frame = 0; frame < frames; frame++) {
      const weight = weights[row * frames + frame] ?? 0;
      all += weight;
      if (frame >= (low[row] ?? 0) - near && frame <= (high[row] ?? 0) + near) within += weight;
    }
  }
  return all === 0 ? 0 : within / all;
}

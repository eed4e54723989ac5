import { formatCount } from '../../../common/strings.js';
import type { Value } from '../../../engine/graph.js';
import { slice } from '../../../engine/ops/index.js';
import { wholeOf, type Tensor } from '../../../engine/tensor.js';
import { ModelError, type Encoding, type ImageTextPair } from '../../../models/index.js';
import type { Runtime } from '../../../runtime/session.js';
import type { Task } from '../../core/task.js';
import { runModel } from '../../run/model-run.js';
import { WeightBudget } from '../../run/weight-budget.js';

/** The most captions that one image is compared with. */
const most = 64;

/** A text that an image is compared with. */
export interface Caption {
  /** One line of what was brought. */
  readonly text: string;
  /** Ranges are those in all of the text that was brought. */
  readonly encoding: Encoding;
  /** The token whose state stands for all of it. */
  readonly read: number;
}

/** What the half that reads texts makes of a caption. */
export interface CaptionStates {
  /** // (n, model) */
  readonly last: Tensor<Float32Array>;
  /** // (1, feature) */
  readonly embedding: Tensor<Float32Array>;
}

/**
 * The captions of a text, one a line; lines without anything on them are none.
 * @throws ModelError where there is none, or too many, or one has no token
 */
export async function captionsIn(
  { text: model, space }: ImageTextPair,
  brought: string,
): Promise<readonly Caption[]> {
  const lines = [...brought.matchAll(/[^\r\n]+/g)].filter(([line]) => line.trim() !== '');
  if (lines.length === 0) throw new ModelError('The caption that was given is empty.');
  if (lines.length > most) {
    throw new ModelError(
      `An image is compared with at most ${most} captions at a time, one a line; there are ${lines.length}.`,
    );
  }
  return Promise.all(
    lines.map(async (match): Promise<Caption> => {
      const [line] = match;
      const text = line.trim();
      const before = match.index + line.indexOf(text);
      const encoding = await model.encode(text);
      if (encoding.ids.length === 0) {
        throw new ModelError(`The tokenizer made no token of the caption “${text}”.`);
      }
      const ranges = encoding.ranges.map((range) =>
        range === null ? null : { start: range.start + before, end: range.end + before },
      );
      return { text, encoding: { ...encoding, ranges }, read: space.readsFrom(encoding.ids) };
    }),
  );
}

/** What stands for all of a caption. @param last of its tokens // (n, model) → (1, feature) */
export function captionOf({ space }: ImageTextPair, last: Value, read: number): Value {
  const [, model = { start: 0, end: 0 }] = wholeOf(last.shape);
  return space.words(slice(last, [{ start: read, end: read + 1 }, model]));
}

/** Captions as the half that reads texts takes them, each read once. */
export class CaptionReader {
  private readonly states = new Map<Caption, Promise<CaptionStates>>();

  constructor(
    readonly pair: ImageTextPair,
    readonly captions: readonly Caption[],
    private readonly runtime: Runtime,
  ) {}

  /** @throws RunError, or the signal's reason */
  async all(task: Task): Promise<readonly CaptionStates[]> {
    const found: CaptionStates[] = [];
    for (const [at, caption] of this.captions.entries()) {
      task.progress?.(
        `${this.pair.text.name}: caption ${at + 1} of ${this.captions.length}, ${formatCount(caption.encoding.ids.length, 'token')}`,
        null,
      );
      found.push(await this.of(caption, task));
    }
    return found;
  }

  private of(caption: Caption, task: Task): Promise<CaptionStates> {
    const known = this.states.get(caption);
    if (known !== undefined) return known;
    const read = this.read(caption, task);
    this.states.set(caption, read);
    read.catch(() => this.states.delete(caption));
    return read;
  }

  private async read({ encoding, read }: Caption, task: Task): Promise<CaptionStates> {
    const { text } = this.pair;
    const tokens = encoding.ids.length;
    const graph = text.build(tokens, text.attention);
    const hidden = graph.hiddenStates.at(-1);
    if (hidden === undefined) throw new ModelError(`${text.name} has no layer.`);
    const targets = [hidden, captionOf(this.pair, hidden, read)];
    const byLayer = new WeightBudget(graph, this.runtime.limits).byLayer(tokens);
    const [last, embedding] = await runModel(
      { graph, targets, feeds: graph.feeds(encoding.ids), tokens, byLayer, interventions: [] },
      this.runtime,
      task,
    );
    if (last === undefined || embedding === undefined) throw new Error('A caption gave no vector.');
    return { last, embedding };
  }
}

/** Of each caption a row. // each (1, feature) → (caption, feature) */
export function stacked(rows: readonly Tensor<Float32Array>[], width: number): Tensor<Float32Array> {
  const data = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) data.set(row.data, at * width);
  return { shape: [rows.length, width], data };
}

import { ModelError, type PairEncoding } from '../../models/index.js';
import type { ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import type { Preparation, Task } from '../inspection.js';
import type { Lease } from '../models.js';
import { shortened } from '../shortened.js';
import type { Subject } from '../subject.js';
import { TextPreparation } from '../text.js';
import { splitQuestion, type Asked } from './question.js';
import { answersIn, type Answers } from './spans.js';

/** How many answers are told. */
const told = 4;

/** A question and a text that answers it, run through a model that was trained to point at answers. */
export class AnswerPreparation implements Preparation {
  private logits: Float32Array | undefined;
  private readonly inner: TextPreparation;
  private readonly isContext: readonly boolean[];

  private constructor(
    private readonly asked: Asked,
    private readonly encoding: PairEncoding,
    private readonly lease: Lease,
    runtime: Runtime,
  ) {
    this.isContext = encoding.parts.map((part) => part === 1);
    this.inner = TextPreparation.ofTokens(placed(encoding, asked), lease, runtime, {
      segments: encoding.segments,
      wanted: {
        values: (graph) => [lease.model.answerLogits(graph)],
        take: ([logits]) => {
          this.logits = logits?.data;
        },
      },
    });
  }

  /**
   * With two texts the first is the question; otherwise it is found in the text.
   * @returns undefined where there is no question, or nothing to answer it
   * @throws ModelError when they do not fit the model; the lease is then released
   */
  static async open(
    { text, second }: { readonly text: string; readonly second?: string | undefined },
    lease: Lease,
    runtime: Runtime,
  ): Promise<AnswerPreparation | undefined> {
    const asked =
      second === undefined
        ? splitQuestion(text)
        : { question: text, context: second, questionAt: 0, contextAt: undefined };
    if (asked === undefined) return undefined;
    try {
      for (const each of [asked.question, asked.context]) {
        if (each.trim() === '') throw new ModelError('There is no text to inspect: it is empty.');
      }
      const encoding = await lease.model.encodePair(asked.question, asked.context);
      return new AnswerPreparation(asked, encoding, lease, runtime);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async prepare(parameters: ParameterValues, task: Task): Promise<Subject> {
    const subject = await this.inner.prepare(parameters, task);
    const answers = answersIn(this.logits ?? new Float32Array(), this.isContext, told);
    const [best] = answers.spans;
    const said = best === undefined ? 'no answer' : `“${shortened(this.textOf(best), 60)}”`;
    return {
      ...subject,
      title: `“${shortened(this.asked.question.trim(), 60)}” → ${said}`,
      subtitle: `${this.lease.model.name} · ${subject.subtitle}`,
      notices: [this.sentence(answers), ...this.cutShort(), ...subject.notices],
    };
  }

  dispose(): Promise<void> {
    return this.inner.dispose();
  }

  /** "The likeliest answers: “the street” 62 % (tokens 12–13), …" */
  private sentence({ spans, none }: Answers): string {
    const each = spans.map((span) => {
      const tokens =
        span.first === span.last ? `token ${span.first + 1}` : `tokens ${span.first + 1}–${span.last + 1}`;
      return `“${shortened(this.textOf(span), 80)}” ${percent(span.probability)} (${tokens})`;
    });
    return `The likeliest answers in the text: ${each.join(', ')}; that it holds none: ${percent(none)}.`;
  }

  private cutShort(): string[] {
    const { ids, total } = this.encoding;
    return total > ids.length
      ? [
          `${this.lease.model.name} reads ${this.lease.model.limit} tokens at a time: the text was used up to its ${this.isContext.filter(Boolean).length}th token, without the last ${total - ids.length}.`,
        ]
      : [];
  }

  private textOf({ first, last }: { readonly first: number; readonly last: number }): string {
    const ranges = this.encoding.ranges.slice(first, last + 1).filter((range) => range !== null);
    const [start, end] = [ranges[0]?.start ?? 0, ranges.at(-1)?.end ?? 0];
    return this.asked.context.slice(start, end).trim();
  }
}

/** Tokens with their places in the text that was selected. */
function placed(encoding: PairEncoding, { questionAt, contextAt }: Asked): PairEncoding {
  return {
    ...encoding,
    // What was left out is said of the text alone.
    total: encoding.ids.length,
    ranges: encoding.ranges.map((range, at) => {
      const offset = encoding.parts[at] === 0 ? questionAt : contextAt;
      return range === null || offset === undefined
        ? null
        : { start: range.start + offset, end: range.end + offset };
    }),
  };
}

/** "62 %" */
function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

import { truncated } from '../../core/truncated.js';
import { ModelError, type Model, type ModelGraph, type PairEncoding } from '../../../models/index.js';
import type { Answers } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import type { Preparation, Setting } from '../../core/preparation.js';
import type { Task } from '../../core/task.js';
import { languageModel, writtenBy, type ModelHandle } from '../../core/models.js';
import { takeOver, type Source } from '../../core/source.js';
import { shortened } from '../../../common/strings.js';
import type { Subject } from '../../core/subject.js';
import { TextPreparation, type TaskHead } from '../text.js';
import { splitQuestion, type Asked } from './question.js';
import { likeliestSpans } from './spans.js';

/** How many answers are told. */
const told = 5;

/** The most of a question that a title or a notice repeats, in characters. */
const repeated = 60;

/** A question and its text, and what tells how they were found. */
type Question = Pick<Asked, 'question' | 'context' | 'questionAt' | 'contextAt'> & {
  /** Whether both stand in one text; otherwise the second is the text that answers. */
  readonly isOneText: boolean;
  readonly notices: readonly string[];
};

/** A question and a text that answers it, each in a text of its own or both in one, read by a model that points at answers. */
export const questionSource: Source = {
  id: 'question',
  async open({ material, by, continuation }, { models, runtime }) {
    if (material.kind !== 'text') return undefined;
    const model = languageModel(by?.model);
    const [first, second] = material.texts;
    const asked = second === undefined ? found(first) : given(first, second);
    if (model === undefined || asked === undefined) return undefined;
    const handle = await models.acquire(model);
    const preparation = await takeOver(handle, async () => {
      if (!handle.model.answers) return undefined;
      if (asked.question.trim() === '')
        throw new ModelError('There is no question: the first text is empty.');
      if (asked.context.trim() === '') {
        throw new ModelError('There is no text to answer the question: the second text is empty.');
      }
      const encoding = await handle.model.encodePair(asked.question, asked.context);
      return new AnswerPreparation(asked, encoding, handle, runtime);
    });
    if (preparation === undefined) return undefined;
    return { kind: 'preparation', preparation, ...writtenBy(handle, continuation) };
  },
};

/** A question and a text that answers it, run through a model that was trained to point at answers. */
export class AnswerPreparation implements Preparation {
  private readonly inner: TextPreparation;
  private readonly model: Model;

  constructor(
    private readonly asked: Question,
    private readonly encoding: PairEncoding,
    handle: ModelHandle,
    runtime: Runtime,
  ) {
    this.model = handle.model;
    this.inner = new TextPreparation(handle, placed(encoding, asked), runtime, {
      segments: encoding.segments,
      ...(asked.isOneText ? {} : { texts: encoding.parts.map((part) => (part === 1 ? 1 : 0)) }),
      head: (graph) => this.head(graph),
    });
  }

  prepare(setting: Setting, task: Task): Promise<Subject> {
    return this.inner.prepare(setting, task);
  }

  dispose(): Promise<void> {
    return this.inner.dispose();
  }

  private head(graph: ModelGraph): TaskHead {
    const { steps, mask } = this.model.answerHead(graph);
    const { parts } = this.encoding;
    // The first token stands for there being no answer, as in SQuAD 2 (Devlin et al. 2019, §4.3).
    const open = Float32Array.from(parts, (part, at) => (part === 1 || at === 0 ? 0 : -Infinity)); // (key)
    return {
      steps,
      feeds: new Map([[mask, { shape: [parts.length], data: open }]]),
      conclude: (subject, { data }) => this.conclude(subject, data),
    };
  }

  /** @param probabilities of starts, then of ends // (2, n) */
  private conclude(subject: Subject, probabilities: Float32Array): Subject {
    const { parts } = this.encoding;
    const isContext = parts.map((part) => part === 1);
    const spans = likeliestSpans(probabilities, isContext, told);
    const answers: Answers = {
      question: this.asked.question.trim(),
      spans: spans.map((span) => ({ ...span, text: this.textOf(span) })),
      none: (probabilities[0] ?? 0) * (probabilities[parts.length] ?? 0),
    };
    const [best] = answers.spans;
    const said = best === undefined ? 'no answer' : `“${shortened(best.text, repeated)}”`;
    return {
      ...subject,
      title: `“${shortened(answers.question, repeated)}” → ${said}`,
      subtitle: `${this.model.name} · ${subject.subtitle}`,
      notices: [...this.asked.notices, ...this.cutShort(), ...subject.notices],
      answers,
    };
  }

  private cutShort(): readonly string[] {
    const { ids, parts, total, more } = this.encoding;
    const used = parts.filter((part) => part === 1).length;
    return truncated(used, { total: used + total - ids.length, more }, 'tokens of the text');
  }

  private textOf({ first, last }: { readonly first: number; readonly last: number }): string {
    const ranges = this.encoding.ranges.slice(first, last + 1).filter((range) => range !== null);
    const [start, end] = [ranges[0]?.start ?? 0, ranges.at(-1)?.end ?? 0];
    return this.asked.context.slice(start, end).trim();
  }
}

/** In a selection of its own each. */
function given(question: string, context: string): Question {
  return { question, context, questionAt: 0, contextAt: 0, isOneText: false, notices: [] };
}

/** How something else is taken for the question. */
const elsewise = 'To choose otherwise, select the question, and the text as a second selection.';

/** In one selection. */
function found(text: string): Question | undefined {
  const asked = splitQuestion(text);
  if (asked === undefined) return undefined;
  const question = `“${shortened(asked.question, repeated)}”`;
  const where = asked.isBefore ? 'before' : 'after';
  const skipped = !asked.isBefore && text.slice(0, asked.questionAt).trim() !== '';
  const how =
    asked.by === 'line'
      ? `No sentence ends with a question mark, so that the first line is the question, ${question}, and what comes after it is the text.`
      : `The question is ${question}; what comes ${where} it is the text that answers.`;
  const notice = skipped ? `${how} What comes before it is left out.` : how;
  return { ...asked, isOneText: true, notices: [`${notice} ${elsewise}`] };
}

/** Tokens with their places in the text that holds them. */
function placed(encoding: PairEncoding, { questionAt, contextAt }: Question): PairEncoding {
  return {
    ...encoding,
    // What was left out is said of the text alone.
    total: encoding.ids.length,
    ranges: encoding.ranges.map((range, at) => {
      const offset = encoding.parts[at] === 0 ? questionAt : contextAt;
      return range === null ? null : { start: range.start + offset, end: range.end + offset };
    }),
  };
}

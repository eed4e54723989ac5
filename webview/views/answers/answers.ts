import './answers.css';
import type { Answer, Answers } from '../../../src/protocol.js';
import { bar } from '../../controls/bar.js';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import type { Panel, PanelView } from '../../panel.js';
import type { OpenView } from '../view.js';
import { visibleWord } from '../../../src/drawing/labels.js';
import { answerStrings } from './strings.js';

/** The section for a question that a text answers: the likeliest answers, each of which can be picked. */
export class AnswersView implements OpenView {
  private readonly question = h('p', { class: 'answers-question' });
  private readonly list = h('ol', {
    class: 'answers-list',
    attributes: { 'aria-label': answerStrings.list },
  });
  readonly element = h(
    'section',
    { class: 'section answers' },
    h('h2', { class: 'section-title', text: answerStrings.title }),
    this.question,
    this.list,
  );
  private readonly life = new Lifetime();
  private rows: readonly { readonly answer: Answer; readonly button: HTMLButtonElement }[] = [];

  constructor(private readonly panel: Panel) {
    this.life.add(
      panel.store.watch(
        (view) => JSON.stringify(shownIn(view)),
        () => {
          this.show(shownIn(panel.store.get())?.answers ?? null);
        },
      ),
      panel.store.watch(pickedIn, () => {
        this.mark();
      }),
    );
  }

  dispose(): void {
    this.life.dispose();
  }

  private show(answers: Answers | null): void {
    if (answers === null) return;
    const { question, spans, none } = answers;
    this.question.textContent = question;
    this.rows = spans.map((answer, rank) => ({ answer, button: this.row(answer, rank) }));
    this.list.replaceChildren(
      ...this.rows.map(({ button }) => h('li', {}, button)),
      h(
        'li',
        { class: 'answer none', title: answerStrings.noneHint },
        h('span', { class: 'answer-text muted', text: answerStrings.none }),
        ...likelihood(none),
      ),
    );
    this.mark();
    this.tell(spans[0] ?? null);
  }

  private row(answer: Answer, rank: number): HTMLButtonElement {
    const { text, probability } = answer;
    const button = h(
      'button',
      { class: 'answer', title: answerStrings.hint(answer), attributes: { type: 'button' } },
      h('span', { class: 'answer-rank muted number', text: answerStrings.rank(rank) }),
      h('span', { class: 'answer-text', text: visibleWord(text) }),
      ...likelihood(probability),
    );
    button.addEventListener('click', () => {
      this.panel.pickTokens(answer);
      this.tell(answer, true);
    });
    for (const over of ['pointerenter', 'focus']) {
      button.addEventListener(over, () => {
        this.tell(answer);
      });
    }
    for (const out of ['pointerleave', 'blur']) {
      button.addEventListener(out, () => {
        this.tell(this.picked()?.answer ?? this.rows[0]?.answer ?? null);
      });
    }
    return button;
  }

  /** The source text shows where an answer stands. */
  private tell(answer: Answer | null, reveal = false): void {
    const { channel } = this.panel;
    channel.notify('answer', answer && { first: answer.first, last: answer.last, reveal });
  }

  private picked(): (typeof this.rows)[number] | undefined {
    const picked = pickedIn(this.panel.store.get());
    return this.rows.find(({ answer: { first, last } }) => picked === `${first} ${last}`);
  }

  private mark(): void {
    const picked = this.picked();
    for (const row of this.rows) row.button.setAttribute('aria-pressed', String(row === picked));
  }
}

/** The answers of what is shown, and of which run. */
function shownIn({ content }: PanelView): { readonly id: string; readonly answers: Answers } | null {
  if (content.kind !== 'inspection' || content.summary.answers === undefined) return null;
  const { id, revision, answers } = content.summary;
  return { id: `${id} ${revision}`, answers };
}

/** The cell of the weights that is picked: the query where an answer begins, the key where it ends. */
function pickedIn({ position: { step, cell } }: PanelView): string {
  return step === 'weights' && cell !== undefined ? `${cell.row} ${cell.column}` : '';
}

function likelihood(probability: number): HTMLElement[] {
  return [
    bar(probability),
    h('span', { class: 'metric-value number', text: answerStrings.percent(probability) }),
  ];
}

import './diagnosis.css';
import type { ComparedStep, Diagnosis, Explanation, ParameterValues } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { formatShort } from '../../../src/drawing/format.js';
import { Lifetime } from '../../lifetime.js';
import { isCancelled } from '../../matrices.js';
import type { Panel, PanelView } from '../../panel.js';
import { button } from '../../controls/ui.js';
import type { OpenView } from '../view.js';
import { diagnosisStrings } from './strings.js';

/** The section for results that were given beside the inputs: how they differ from the formula, and which reading gives them. */
export class DiagnosisView implements OpenView {
  private readonly body = h('div', { class: 'diagnosis-body' });
  readonly element = h(
    'section',
    { class: 'section diagnosis' },
    h('h2', { class: 'section-title', text: diagnosisStrings.title }),
    this.body,
  );
  private readonly life = new Lifetime();
  private answered = false;

  constructor(
    private readonly panel: Panel,
    private readonly reportError: (error: unknown) => void,
  ) {
    this.life.add(
      panel.store.watch(
        (view) => JSON.stringify(shownIn(view)),
        () => {
          const { diagnosis, reading } = shownIn(panel.store.get());
          this.body.replaceChildren(
            ...(diagnosis === null ? this.offer() : this.describe(diagnosis, reading)),
          );
          // What was asked for comes to the front once, also where it lies behind a tab.
          if (diagnosis !== null && !this.answered) panel.store.update({ front: 'left' });
          this.answered = diagnosis !== null;
        },
      ),
    );
  }

  dispose(): void {
    this.life.dispose();
  }

  private offer(): HTMLElement[] {
    return [
      h('p', { class: 'diagnosis-sentence', text: diagnosisStrings.offer }),
      button({
        text: diagnosisStrings.explain,
        title: diagnosisStrings.explainHint,
        look: 'primary',
        press: () => {
          this.change({ explain: 'yes' });
        },
      }),
    ];
  }

  private describe(diagnosis: Diagnosis, reading: string): HTMLElement[] {
    const { verdict, sentence, compared, explanations, notes } = diagnosis;
    const list = verdict === 'explained' ? diagnosisStrings.fitting : diagnosisStrings.nearest;
    return [
      h(
        'p',
        { class: 'diagnosis-sentence' },
        h('span', {
          class: `diagnosis-verdict diagnosis-${verdict}`,
          text: diagnosisStrings.verdicts[verdict],
        }),
        ` ${sentence}`,
      ),
      table(compared),
      ...(explanations.length === 0
        ? []
        : [
            h('h3', { class: 'diagnosis-heading', text: list }),
            h(
              'ol',
              { class: 'diagnosis-list', attributes: { 'aria-label': list } },
              ...explanations.map((each) => this.row(each, each.reading === reading)),
            ),
          ]),
      ...notes.map((note) => h('p', { class: 'muted diagnosis-note', text: note })),
      h(
        'div',
        { class: 'diagnosis-buttons' },
        button({
          text: diagnosisStrings.compare,
          title: diagnosisStrings.compareHint,
          look: 'primary',
          press: () => {
            this.panel.cover({ view: 'compare', choice: null });
          },
        }),
        reading === 'formula'
          ? button({
              text: diagnosisStrings.showGiven,
              title: diagnosisStrings.showGivenHint,
              press: () => {
                this.change({ reading: 'theirs' });
              },
            })
          : button({
              text: diagnosisStrings.showFormula,
              title: diagnosisStrings.showFormulaHint,
              press: () => {
                this.change({ reading: 'formula' });
              },
            }),
      ),
    ];
  }

  private row({ title, compared, reading }: Explanation, shown: boolean): HTMLElement {
    const error = Math.max(...compared.map((each) => each.error));
    const row = h('button', {
      class: 'diagnosis-reading',
      text: diagnosisStrings.reading(title, error),
      title: diagnosisStrings.showHint(title),
      attributes: { type: 'button', 'aria-pressed': String(shown) },
    });
    row.addEventListener('click', () => {
      this.change({ reading });
    });
    return h('li', {}, row);
  }

  private change(parameters: ParameterValues): void {
    this.panel.channel.request('change', { parameters }).catch((error: unknown) => {
      if (!isCancelled(error)) this.reportError(error);
    });
  }
}

function table(compared: readonly ComparedStep[]): HTMLElement {
  const head = [diagnosisStrings.given, diagnosisStrings.largest, diagnosisStrings.relative];
  return h(
    'table',
    { class: 'diagnosis-table', attributes: { 'aria-label': diagnosisStrings.compared } },
    h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { text, attributes: { scope: 'col' } })))),
    h(
      'tbody',
      {},
      ...compared.map(({ given, step, error, relative, agrees }) =>
        h(
          'tr',
          { class: agrees ? '' : 'diagnosis-differs' },
          h('th', {
            text: given === step ? given : `${given} (${step})`,
            title: agrees ? diagnosisStrings.same : diagnosisStrings.differs,
            attributes: { scope: 'row' },
          }),
          h('td', { class: 'number', text: formatShort(error) }),
          h('td', { class: 'number', text: formatShort(relative) }),
        ),
      ),
    ),
  );
}

function shownIn({ content }: PanelView): {
  readonly id: string;
  readonly diagnosis: Diagnosis | null;
  readonly reading: string;
} {
  if (content.kind !== 'inspection') return { id: '', diagnosis: null, reading: '' };
  const { id, revision, diagnosis = null, parameters } = content.summary;
  const reading = parameters.find(({ name }) => name === 'reading')?.value ?? 'formula';
  return { id: `${id} ${revision}`, diagnosis, reading: String(reading) };
}

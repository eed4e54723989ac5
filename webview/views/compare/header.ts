import type { InspectionSummary, Parameter, ParameterValues } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { menu } from '../../controls/ui.js';
import { valueTitle } from '../../../src/drawing/labels.js';
import { compareStrings } from './strings.js';
import { isOfUse, ParametersView } from '../parameters/parameters.js';
import type { Beside } from './comparison.js';
import { withKnownValues } from '../parameters/values.js';
import { changesOf, withChange } from './alignment.js';
import { differenceMark } from './formulas.js';

export interface HeaderEvents {
  change(changes: ParameterValues): void;
  remove(): void;
}

/** What a column is, what is changed in it, and the controls for that. */
export class Header {
  private readonly title = h('h3', { class: 'compare-title' });
  private readonly words = h('p', { class: 'compare-changes' });
  private readonly adder = h('div', { class: 'compare-adder' });
  readonly head: HTMLElement;
  readonly form: HTMLElement;
  private readonly controls: ParametersView;
  /** Parameters whose controls were asked for though they are as in the first column. */
  private wanted = new Set<string>();
  private first: readonly Parameter[] = [];
  private changes: ParameterValues = {};
  private offered = '';
  private again = (): void => undefined;

  constructor(
    isFirst: boolean,
    private readonly events: HeaderEvents,
  ) {
    this.controls = new ParametersView(
      (values) => {
        let { changes } = this;
        for (const [name, value] of Object.entries(values)) {
          changes = withChange(changes, this.first, name, value);
        }
        this.events.change(changes);
      },
      { resetAll: false },
    );
    const remove = h('button', {
      class: 'compare-remove',
      text: '×',
      attributes: { type: 'button' },
    });
    remove.addEventListener('click', () => {
      this.wanted.clear();
      this.events.remove();
    });
    this.remove = remove;
    this.head = h(
      'div',
      { class: 'compare-cell compare-head row-head' },
      h('div', { class: 'compare-title-line' }, this.title, ...(isFirst ? [] : [remove])),
      this.words,
    );
    this.form = h(
      'div',
      { class: 'compare-cell compare-form row-form' },
      ...(isFirst ? [] : [this.controls.element, this.adder]),
    );
  }

  private readonly remove: HTMLElement;

  /** The column that the others are compared with. */
  showFirst(summary: InspectionSummary): void {
    this.title.textContent = summary.mechanism.title;
    this.words.textContent = compareStrings.first;
  }

  show(first: InspectionSummary, beside: Beside, changes: ParameterValues): void {
    this.again = () => {
      this.show(first, beside, changes);
    };
    this.first = first.parameters;
    this.changes = changes;
    const own =
      beside.kind === 'variant' ? beside.summary.parameters : withKnownValues(first.parameters, changes);
    const mechanism = own.find(({ name }) => name === 'mechanism');
    const title =
      beside.kind === 'variant'
        ? beside.summary.mechanism.title
        : mechanism === undefined
          ? first.mechanism.title
          : valueTitle(mechanism);
    this.title.replaceChildren(...(title === first.mechanism.title ? [] : [differenceMark()]), title);
    this.remove.setAttribute('aria-label', compareStrings.remove(title));
    this.remove.title = compareStrings.remove(title);
    this.sayChanges(first.parameters, own, title !== first.mechanism.title);
    // Back to where it was means, in a column, as in the first one.
    const shown = own.map((parameter) => asStandard(parameter, first.parameters));
    const changed = changesOf(first.parameters, own).map(({ parameter }) => parameter.name);
    const visible = new Set([...changed, ...Object.keys(changes), ...this.wanted, 'mechanism']);
    this.controls.show(shown, visible);
    this.offer(own, visible);
  }

  private sayChanges(first: readonly Parameter[], own: readonly Parameter[], another: boolean): void {
    const lines = changesOf(first, own)
      .filter(({ parameter }) => parameter.name !== 'mechanism' && isOfUse(parameter, own))
      .map(({ parameter, from }) =>
        h(
          'span',
          { class: 'compare-change' },
          `${parameter.title}: `,
          h('b', {
            text:
              from === undefined
                ? valueTitle(parameter)
                : compareStrings.instead(valueTitle(parameter), valueTitle(from)),
          }),
        ),
      );
    this.words.replaceChildren(...lines);
    if (lines.length === 0) this.words.textContent = another ? '' : compareStrings.same;
  }

  /** The parameters whose controls are not there yet. */
  private offer(own: readonly Parameter[], visible: ReadonlySet<string>): void {
    const others = own.filter((parameter) => !visible.has(parameter.name) && isOfUse(parameter, own));
    const offered = JSON.stringify(others.map(({ name }) => name));
    if (offered === this.offered) return;
    this.offered = offered;
    this.adder.replaceChildren();
    if (others.length === 0) return;
    this.adder.append(
      menu({
        text: compareStrings.change,
        items: others.map(({ name, title }) => ({
          text: title,
          press: () => {
            this.wanted.add(name);
            this.again();
            this.controls.focus(name);
          },
        })),
      }),
    );
  }
}

function asStandard(parameter: Parameter, first: readonly Parameter[]): Parameter {
  const from = first.find(({ name }) => name === parameter.name);
  if (parameter.kind === 'number')
    return from?.kind === 'number' ? { ...parameter, default: from.value } : parameter;
  return from?.kind === parameter.kind ? { ...parameter, default: from.value } : parameter;
}

import type { Arithmetic, InspectionSummary, Step, Sum } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { scaleOf } from '../../../src/drawing/colors/scale.js';
import { extent, paintMatrix } from '../../draw/strip.js';
import { renderTex } from '../../draw/tex.js';
import type { Theme } from '../../theme.js';
import { TermsTable } from './terms.js';

/** One cell's arithmetic: the operands as colours, the typeset sum with its numbers, and every term on demand. */
export class ArithmeticView {
  private readonly strips = h('div', { class: 'operands' });
  private readonly formula = h('div', { class: 'arithmetic-tex' });
  private readonly remark = h('p', { class: 'remark' });
  private readonly terms: TermsTable;
  readonly element: HTMLElement;
  private shown: Arithmetic | null = null;

  constructor(
    private theme: Theme,
    step: Step,
    summary: () => InspectionSummary | null,
  ) {
    this.terms = new TermsTable(step, summary);
    this.element = h(
      'div',
      { class: 'arithmetic' },
      this.strips,
      this.formula,
      this.remark,
      this.terms.element,
    );
    this.element.hidden = true;
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.paint();
  }

  show(arithmetic: Arithmetic | null): void {
    this.shown = arithmetic;
    this.element.hidden = arithmetic === null;
    if (arithmetic === null) {
      this.strips.replaceChildren();
      this.terms.show([]);
      return;
    }
    renderTex(arithmetic.tex, this.formula);
    this.remark.textContent = arithmetic.remark ?? '';
    this.remark.hidden = arithmetic.remark === undefined;
    this.terms.show(arithmetic.sums);
    this.paint();
  }

  /** A strip of colours for each column of each sum; the step's own row has one already. */
  private paint(): void {
    const { shown } = this;
    if (shown === null) return;
    const strips = shown.sums
      .filter((sum) => columnsLength(sum) > 1 && sum.picked === undefined)
      .flatMap((sum) => sum.columns.map((column) => this.strip(column)));
    this.strips.replaceChildren(...strips);
    this.strips.hidden = strips.length === 0;
  }

  private strip(column: Sum['columns'][number]): HTMLElement {
    const { minimum, maximum } = extent(column.values);
    const canvas = h('canvas', { class: 'operand-canvas', attributes: { 'aria-hidden': 'true' } });
    const of = minimum < 0 ? 'signed' : 'weights';
    const scale = scaleOf({ of, minimum, maximum, ground: this.theme.ground });
    paintMatrix(canvas, column.values, 1, column.values.length, scale, this.theme.maskedRgb);
    const name = h('span', { class: 'operand-name' });
    renderTex(column.tex, name);
    return h('div', { class: 'operand' }, name, canvas);
  }
}

function columnsLength(sum: Sum): number {
  return sum.columns[0]?.values.length ?? 0;
}

import { h } from '../dom.js';
import { formatShort } from '../../src/drawing/format.js';
import type { ColorScale } from '../../src/drawing/colors/scale.js';
import { middleOf } from '../../src/drawing/colors/scale.js';

/** What a legend says beside the colours. */
export interface LegendFacts {
  /** Cells without a number exist. */
  readonly masked: boolean;
  /** Numbers beyond the ends of the scale exist, and have its last colours. */
  readonly beyond: boolean;
  /** Numbers are shares of their row's largest. */
  readonly perRow?: boolean;
  /** What the scale does to the numbers, in a few words. */
  readonly note?: string;
  /** What masked cells are. */
  readonly without?: string;
}

/** Which colour means which number, and what masked cells look like where there are any. */
export class Legend {
  private readonly bar = h('canvas', { class: 'legend-bar', attributes: { 'aria-hidden': 'true' } });
  private readonly title = h('span', { class: 'legend-title' });
  private readonly low = h('span', { class: 'number' });
  private readonly high = h('span', { class: 'number' });
  private readonly middle = h('span', { class: 'legend-middle number' });
  private readonly note = h('span', { class: 'legend-note' });
  private readonly without = h('span', { text: 'masked' });
  private readonly masked = h(
    'span',
    { class: 'legend-masked' },
    h('span', { class: 'legend-swatch', attributes: { 'aria-hidden': 'true' } }),
    this.without,
  );
  readonly element = h(
    'div',
    { class: 'legend' },
    h(
      'div',
      { class: 'legend-row' },
      this.title,
      this.low,
      h('span', { class: 'legend-colors' }, this.bar, this.middle),
      this.high,
      this.masked,
    ),
    this.note,
  );

  constructor() {
    this.element.hidden = true;
  }

  show(
    title: string,
    scale: ColorScale,
    { masked, beyond, perRow = false, note = '', without = 'masked' }: LegendFacts,
  ): void {
    this.element.hidden = false;
    this.title.textContent = title;
    const signed = scale.low < 0;
    this.low.textContent =
      perRow && signed ? '−largest' : (beyond && signed ? '≤ ' : '') + formatShort(scale.low);
    this.high.textContent = perRow ? 'largest of its row' : (beyond ? '≥ ' : '') + formatShort(scale.high);
    this.middle.hidden = scale.spread === 'linear';
    this.middle.textContent = formatShort(middleOf(scale));
    this.masked.hidden = !masked;
    this.without.textContent = without;
    this.note.hidden = note === '';
    this.note.textContent = note;
    this.bar.width = 256;
    this.bar.height = 1;
    const context = this.bar.getContext('2d');
    context?.putImageData(new ImageData(new Uint8ClampedArray(scale.table), 256, 1), 0, 0);
  }
}

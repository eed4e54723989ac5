import { h } from '../dom.js';
import type { ColorScale } from './colormap.js';
import { formatShort } from '../format.js';

/** Which colour means which number, and what masked cells look like where there are any. */
export class Legend {
  private readonly bar = h('canvas', { class: 'legend-bar', attributes: { 'aria-hidden': 'true' } });
  private readonly title = h('span', { class: 'legend-title' });
  private readonly low = h('span', { class: 'number' });
  private readonly high = h('span', { class: 'number' });
  private readonly masked = h(
    'span',
    { class: 'legend-masked' },
    h('span', { class: 'legend-swatch', attributes: { 'aria-hidden': 'true' } }),
    'masked',
  );
  readonly element = h('div', { class: 'legend' }, this.title, this.low, this.bar, this.high, this.masked);

  constructor() {
    this.element.hidden = true;
  }

  /** `beyond`: numbers beyond the ends of the scale exist, and have its last colours. */
  show(
    title: string,
    scale: ColorScale,
    { masked, beyond }: { readonly masked: boolean; readonly beyond: boolean },
  ): void {
    this.element.hidden = false;
    this.title.textContent = title;
    this.low.textContent = (beyond ? '≤ ' : '') + formatShort(scale.low);
    this.high.textContent = (beyond ? '≥ ' : '') + formatShort(scale.high);
    this.masked.hidden = !masked;
    this.bar.width = 256;
    this.bar.height = 1;
    const context = this.bar.getContext('2d');
    context?.putImageData(new ImageData(new Uint8ClampedArray(scale.table), 256, 1), 0, 0);
  }
}

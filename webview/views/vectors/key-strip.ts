import type { Slice } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { scaleOf } from '../../../src/drawing/colors/scale.js';
import { extent, paintMatrix } from '../../draw/strip.js';
import type { Theme } from '../../theme.js';
import { productsOfKeys } from './pair.js';
import { vectorsStrings } from './strings.js';

/** One query's products with every key: a row a dimension, a column a key. */
export class KeyStrip {
  private readonly canvas = h('canvas', { class: 'vectors-strip', attributes: { 'aria-hidden': 'true' } });
  private readonly mark = h('div', { class: 'vectors-mark', attributes: { 'aria-hidden': 'true' } });
  private readonly frame = h('div', { class: 'vectors-strip-frame' }, this.canvas, this.mark);
  readonly element = h(
    'div',
    { class: 'vectors-keys' },
    h('h3', { class: 'section-title', text: vectorsStrings.strip }),
    h('p', { class: 'muted', text: vectorsStrings.stripNote }),
    this.frame,
  );
  private drawn: { readonly products: Float32Array; readonly rows: number; readonly columns: number } | null =
    null;
  private word: (key: number) => string = String;

  constructor(
    private theme: Theme,
    pick: (key: number) => void,
  ) {
    this.element.hidden = true;
    this.frame.addEventListener('click', (event) => {
      const key = this.keyAt(event);
      if (key !== null) pick(key);
    });
    this.frame.addEventListener('pointermove', (event) => {
      const key = this.keyAt(event);
      this.frame.title = key === null ? '' : `${this.word(key)} (${key})`;
    });
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.paint();
  }

  hide(): void {
    this.element.hidden = true;
    this.drawn = null;
  }

  show(q: Float32Array, { data, shape }: Slice, key: number, word: (key: number) => string): void {
    const columns = shape[0] ?? 0;
    this.word = word;
    this.drawn = { products: productsOfKeys(q, data, columns), rows: q.length, columns };
    this.element.hidden = false;
    this.mark.style.left = `${(100 * key) / columns}%`;
    this.mark.style.width = `${100 / columns}%`;
    this.paint();
  }

  private paint(): void {
    const { drawn, theme } = this;
    if (drawn === null) return;
    const { products, rows, columns } = drawn;
    const scale = scaleOf({ of: 'signed', ...extent(products), ground: theme.ground });
    paintMatrix(this.canvas, products, rows, columns, scale, theme.maskedRgb);
    this.canvas.style.height = `${Math.min(256, Math.max(64, rows * 3))}px`;
  }

  private keyAt(event: MouseEvent): number | null {
    const { left, width } = this.frame.getBoundingClientRect();
    if (this.drawn === null || width === 0) return null;
    const key = Math.floor(((event.clientX - left) / width) * this.drawn.columns);
    return key >= 0 && key < this.drawn.columns ? key : null;
  }
}

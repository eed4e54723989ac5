import { h } from '../../dom.js';
import { formatNumber, percent } from '../../../src/drawing/format.js';
import { roving } from '../../controls/roving.js';
import { imageStrings } from './strings.js';

/** A token that is no part of the image, and its number in the line that is shown. */
export interface Chip {
  readonly index: number;
  readonly label: string;
  readonly value: number;
  /** Of the line’s whole mass; null where numbers are no weights. */
  readonly share: number | null;
  /** Whether it is the one whose row or column is shown. */
  readonly isSource: boolean;
}

/** More than these are not buttons each. */
const most = 32;

/** [CLS], registers and the like, beside an image: each with its share, each to be picked. */
export class Chips {
  readonly element = h('div', {
    class: 'image-chips',
    attributes: { role: 'toolbar', 'aria-label': imageStrings.chips },
  });
  private readonly rove = roving(this.element);
  private shown: readonly number[] = [];
  private buttons: HTMLButtonElement[] = [];
  private readonly more = h('span', { class: 'muted number' });

  constructor(
    private readonly events: { pick(index: number, shift: boolean): void; point(index: number | null): void },
  ) {}

  show(chips: readonly Chip[]): void {
    const listed = chips.slice(0, most);
    this.element.hidden = chips.length === 0;
    if (listed.length !== this.shown.length || listed.some(({ index }, at) => index !== this.shown[at])) {
      this.shown = listed.map(({ index }) => index);
      this.buttons = listed.map(({ index }) => this.button(index));
      this.element.replaceChildren(...this.buttons, this.more);
    }
    for (const [at, chip] of listed.entries()) {
      const button = this.buttons[at];
      if (button === undefined) continue;
      const number = chip.share === null ? formatNumber(chip.value) : percent(chip.share);
      button.replaceChildren(h('b', { text: chip.label }), ' ', h('span', { class: 'number', text: number }));
      button.setAttribute('aria-pressed', String(chip.isSource));
    }
    const rest = chips.slice(most);
    const share = rest.reduce((sum, chip) => sum + (chip.share ?? 0), 0);
    this.more.textContent = rest.length === 0 ? '' : imageStrings.more(rest.length, percent(share));
    this.rove.stop(this.buttons.find((button) => button.tabIndex === 0) ?? null);
  }

  private button(index: number): HTMLButtonElement {
    const button = h('button', { class: 'image-chip', attributes: { type: 'button' } });
    button.addEventListener('click', (event) => {
      this.events.pick(index, event.shiftKey);
    });
    for (const over of ['pointerenter', 'focus']) {
      button.addEventListener(over, () => {
        this.events.point(index);
      });
    }
    for (const out of ['pointerleave', 'blur']) {
      button.addEventListener(out, () => {
        this.events.point(null);
      });
    }
    return button;
  }
}

import { h } from '../../dom.js';
import { roving } from '../../controls/roving.js';
import { imageStrings } from './strings.js';

/** More words than these are gone through with the slider alone. */
const most = 400;

/** The words whose attention lies over an image: pressed one by one, or gone through with a slider. */
export class Words {
  private readonly slider = h('input', {
    class: 'slider',
    attributes: { type: 'range', min: '0', step: '1', 'aria-label': imageStrings.word },
  });
  private readonly line = h('div', {
    class: 'image-word-line',
    attributes: { role: 'toolbar', 'aria-label': imageStrings.words },
  });
  readonly element = h('div', { class: 'image-words' }, this.line, this.slider);
  private readonly rove = roving(this.line);
  private buttons: HTMLButtonElement[] = [];
  private shown: readonly string[] = [];

  constructor(private readonly pick: (index: number) => void) {
    this.slider.addEventListener('input', () => {
      this.pick(this.slider.valueAsNumber);
    });
    // The arrow keys scrub: the word that they come to is the one that is shown.
    this.line.addEventListener('focusin', ({ target }) => {
      const at = this.buttons.findIndex((button) => button === target);
      if (at >= 0 && this.buttons[at]?.getAttribute('aria-pressed') !== 'true') this.pick(at);
    });
  }

  /** Null where there are no words to go through. */
  show(words: readonly string[] | null, picked: number): void {
    this.element.hidden = words === null;
    if (words === null) return;
    if (words.length !== this.shown.length || words.some((word, at) => word !== this.shown[at])) {
      this.shown = words;
      this.buttons = words.slice(0, most).map((word, at) => {
        const button = h('button', { class: 'image-word', text: word, attributes: { type: 'button' } });
        button.addEventListener('click', () => {
          this.pick(at);
        });
        return button;
      });
      this.line.replaceChildren(...this.buttons);
      this.slider.max = String(Math.max(0, words.length - 1));
      this.slider.hidden = words.length < 2;
    }
    this.slider.value = String(picked);
    this.slider.setAttribute('aria-valuetext', words[picked] ?? '');
    for (const [at, button] of this.buttons.entries()) {
      button.setAttribute('aria-pressed', String(at === picked));
    }
    this.rove.stop(this.buttons[picked] ?? null);
  }
}

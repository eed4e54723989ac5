import type { Alignment, Interval } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { visibleWord } from '../../../src/drawing/labels.js';
import type { SoundLayout } from './layout.js';
import type { SoundLens } from './lens.js';
import { soundStrings } from './strings.js';

type Word = Alignment['words'][number];

/** What is narrower than this cannot be read, in CSS pixels, and how wide one is that the keyboard came to. */
const narrowest = 7;
const comfortable = 48;
/** Alignment finds no length for some: they are drawn as long as a frame, in seconds. */
const shortest = 0.02;

function lastOf({ start, end }: Interval): number {
  return Math.max(end, start + shortest);
}

interface Placed {
  readonly word: Word;
  readonly button: HTMLButtonElement;
}

/** Words as labelled intervals along the time axis; a press plays one. One tab stop, walked with arrow keys. */
export class Words {
  private readonly note = h('span', { class: 'sound-words-note muted' });
  private readonly list = h('div', {
    class: 'sound-words-list',
    attributes: { role: 'group', 'aria-label': soundStrings.words },
  });
  readonly element = h('div', { class: 'sound-words' }, this.note, this.list);
  private placed: readonly Placed[] = [];
  /** Which one Tab comes to. */
  private stop = 0;
  private played = -1;
  private instead = '';

  constructor(
    private readonly events: {
      play(word: Word): void;
      /** One that the keyboard came to is to be brought into sight. */
      reveal(interval: Interval, width: { readonly narrow: number; readonly wide: number }): void;
    },
  ) {
    this.list.addEventListener('keydown', (event) => {
      const at = this.placed.findIndex(({ button }) => button === document.activeElement);
      if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
      const last = this.placed.length - 1;
      const to = {
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.focus(Math.min(Math.max(0, to), last));
    });
  }

  /** What is said in place of words. */
  say(note: string): void {
    this.instead = note;
    this.showNote(note);
  }

  private showNote(note: string): void {
    if (this.note.textContent !== note) this.note.textContent = note;
    this.note.hidden = note === '';
  }

  show(words: readonly Word[]): void {
    this.stop = 0;
    this.played = -1;
    this.placed = words.map((word) => {
      const text = visibleWord(word.text.trim());
      const button = h('button', {
        class: 'sound-word',
        text,
        title: soundStrings.wordHint(text, word.start, word.end),
        attributes: {
          type: 'button',
          'aria-label': soundStrings.word(text, word.start, word.end),
          tabindex: '-1',
        },
      });
      button.addEventListener('click', () => {
        this.events.play(word);
      });
      return { word, button };
    });
    this.list.replaceChildren(...this.placed.map(({ button }) => button));
  }

  /** Puts them where their times are; those out of sight are not there for the keyboard either. */
  place(layout: SoundLayout, lens: SoundLens): void {
    const { words, left, across } = layout;
    this.element.hidden = words === null;
    if (words === null) return;
    const { style } = this.element;
    style.left = `${left}px`;
    style.top = `${words.top}px`;
    style.width = `${across}px`;
    style.height = `${words.height}px`;
    let firstSeen: number | null = null;
    let narrow = 0;
    for (const [at, { word, button }] of this.placed.entries()) {
      const from = Math.max(0, lens.xAt(word.start));
      const to = Math.min(across, lens.xAt(lastOf(word)));
      const isFocused = button === document.activeElement;
      const inSight = to > 0 && from < across;
      // Cut at the edge, one that is out of sight for the most part is still there.
      const wide = inSight && lens.xAt(lastOf(word)) - lens.xAt(word.start) >= narrowest;
      if (inSight && !wide) narrow += 1;
      const seen = wide || (inSight && (isFocused || (at === this.stop && firstSeen === null)));
      if (button.hidden === seen) button.hidden = !seen;
      if (!seen) continue;
      if (wide) firstSeen ??= at;
      // What begins or ends outside is cut at the edge, so that its text stays in sight.
      button.style.left = `${from}px`;
      button.style.width = `${Math.max(2, to - from)}px`;
    }
    const isFar = firstSeen === null && narrow > 1;
    if (this.instead === '') this.showNote(isFar ? soundStrings.zoomIn(this.placed.length) : '');
    const stop = this.placed[this.stop]?.button.hidden === false ? this.stop : (firstSeen ?? 0);
    for (const [at, { button }] of this.placed.entries()) {
      const index = at === stop ? 0 : -1;
      if (button.tabIndex !== index) button.tabIndex = index;
    }
  }

  /** Marks the word of a token. */
  mark(row: number | null): void {
    for (const { word, button } of this.placed) {
      const picked = row !== null && row >= word.rows.start && row < word.rows.end;
      if (button.classList.contains('picked') !== picked) {
        button.classList.toggle('picked', picked);
        if (picked) button.setAttribute('aria-current', 'true');
        else button.removeAttribute('aria-current');
      }
    }
  }

  /** Marks the word that is heard at a moment. */
  hear(moment: number | null): void {
    const at =
      moment === null ? -1 : this.placed.findIndex(({ word }) => moment >= word.start && moment < word.end);
    if (at === this.played) return;
    this.placed[this.played]?.button.classList.remove('played');
    this.placed[at]?.button.classList.add('played');
    this.played = at;
  }

  private focus(at: number): void {
    const next = this.placed[at];
    if (next === undefined) return;
    this.stop = at;
    this.events.reveal(
      { start: next.word.start, end: lastOf(next.word) },
      { narrow: narrowest, wide: comfortable },
    );
    // It is hidden until the pictures are drawn anew.
    next.button.hidden = false;
    next.button.focus({ preventScroll: true });
  }
}

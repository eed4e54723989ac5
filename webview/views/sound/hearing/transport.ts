import { h } from '../../../dom.js';
import type { DropdownControl } from '../../../controls/ui.js';
import { dropdown } from '../../../controls/ui.js';
import type { SoundSettings } from './settings.js';
import { rates } from './settings.js';
import { soundStrings } from '../strings.js';
import { clock } from '../ticks.js';

/** Play and pause, and what goes with it. */
export class Transport {
  private readonly button = h('button', {
    class: 'sound-play',
    title: soundStrings.playHint,
    attributes: { type: 'button' },
  });
  private readonly moment = h('span', {
    class: 'sound-moment number',
    attributes: { role: 'timer', 'aria-live': 'off', 'aria-label': soundStrings.moment },
  });
  private readonly loop = h('input', { attributes: { type: 'checkbox' } });
  private readonly rate: DropdownControl;
  readonly element: HTMLElement;

  constructor(
    events: { toggle(): void; set(changes: Partial<SoundSettings>): void },
    settings: SoundSettings,
  ) {
    this.button.addEventListener('click', () => {
      events.toggle();
    });
    this.loop.checked = settings.loop;
    this.loop.addEventListener('change', () => {
      events.set({ loop: this.loop.checked });
    });
    this.rate = dropdown({
      label: soundStrings.rate,
      choices: rates.map((rate) => ({ value: String(rate), title: soundStrings.rateTitle(rate) })),
      value: String(settings.rate),
      change: (value) => {
        events.set({ rate: rates.find((rate) => String(rate) === value) ?? 1 });
      },
    });
    this.element = h(
      'div',
      { class: 'sound-transport' },
      this.button,
      this.moment,
      h('label', { class: 'sound-check', title: soundStrings.loopHint }, this.loop, soundStrings.loop),
      h('span', { class: 'sound-rate' }, this.rate.element),
    );
    this.showPlaying(false);
  }

  showPlaying(isPlaying: boolean): void {
    const text = isPlaying ? soundStrings.pause : soundStrings.play;
    this.button.replaceChildren(
      h('span', {
        class: isPlaying ? 'sound-sign pause' : 'sound-sign',
        attributes: { 'aria-hidden': 'true' },
      }),
      text,
    );
  }

  showMoment(moment: number, duration: number): void {
    const text = `${clock(moment, duration)} / ${clock(duration, duration)} s`;
    if (this.moment.textContent !== text) this.moment.textContent = text;
  }
}

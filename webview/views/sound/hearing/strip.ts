import type { AudioMedium, Interval, Waveform } from '../../../../src/protocol.js';
import { h } from '../../../dom.js';
import { resize } from '../../../draw/painter.js';
import type { Theme } from '../../../theme.js';
import { soundStrings } from '../strings.js';
import { seconds } from '../ticks.js';

const height = 40;
/** A pointer that moves less than this chose no part. */
const slack = 4;
/** The shortest part that can be chosen, in seconds. */
const shortest = 0.1;

type End = 'start' | 'end';

/** The whole recording, thin, with the part that is heard; another part is chosen by dragging or with the keyboard. */
export class Strip {
  private readonly canvas = h('canvas', { attributes: { 'aria-hidden': 'true' } });
  private readonly ends: Readonly<Record<End, HTMLElement>> = {
    start: thumb(soundStrings.from),
    end: thumb(soundStrings.to),
  };
  private readonly track = h(
    'div',
    { class: 'sound-strip-track', attributes: { role: 'group', 'aria-label': soundStrings.strip } },
    this.canvas,
    this.ends.start,
    this.ends.end,
  );
  private readonly apply = h('button', { class: 'sound-apply', attributes: { type: 'button' } });
  readonly element = h('div', { class: 'sound-strip' }, this.track, this.apply);
  private medium: AudioMedium | null = null;
  private waveform: Waveform | null = null;
  /** What is chosen, and not yet heard. */
  private chosen: Interval = { start: 0, end: 0 };
  private from: { readonly x: number; moved: boolean } | null = null;

  constructor(
    private theme: Theme,
    private readonly choose: (part: Interval) => void,
  ) {
    this.element.hidden = true;
    this.apply.addEventListener('click', () => {
      choose(this.chosen);
    });
    this.attachPointer();
    for (const end of ['start', 'end'] as const) this.attachKeys(end);
  }

  /** Whether all of it is heard. */
  static isWhole({ duration, heard }: AudioMedium): boolean {
    return duration - (heard.end - heard.start) <= 0.05;
  }

  show(medium: AudioMedium): void {
    const another =
      this.medium?.id !== medium.id ||
      this.medium.heard.start !== medium.heard.start ||
      this.medium.heard.end !== medium.heard.end;
    this.medium = medium;
    // Of a part that is too short to be cut there is nothing to choose.
    this.element.hidden = medium.duration < 2 * shortest;
    this.track.title = soundStrings.stripHint(medium.most);
    if (another) this.chosen = medium.heard;
    this.draw();
  }

  fill(waveform: Waveform): void {
    this.waveform = waveform;
    this.draw();
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  draw(): void {
    const { medium, theme, chosen, waveform } = this;
    const width = this.track.clientWidth;
    if (medium === null || this.element.hidden || width === 0) return;
    resize(this.canvas, width, height, window.devicePixelRatio);
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    const xAt = (time: number): number => (time / medium.duration) * width;
    context.setTransform(window.devicePixelRatio, 0, 0, window.devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.28;
    context.fillRect(xAt(chosen.start), 0, Math.max(2, xAt(chosen.end) - xAt(chosen.start)), height);
    context.globalAlpha = 1;
    context.fillStyle = theme.foreground;
    if (waveform !== null) {
      const { minimum, maximum } = waveform;
      const peak = peakOf(waveform);
      const each = width / Math.max(1, minimum.length);
      for (let column = 0; column < minimum.length; column += 1) {
        const high = (1 - (maximum[column] ?? 0) / peak) * (height / 2 - 3) + 3;
        const low = (1 - (minimum[column] ?? 0) / peak) * (height / 2 - 3) + 3;
        context.fillRect(column * each, high, Math.max(each, 0.5), Math.max(1, low - high));
      }
    }
    const { start, end } = medium.heard;
    // A line below what is heard now, also while another part is chosen.
    context.fillStyle = theme.accent;
    context.fillRect(xAt(start), height - 3, Math.max(2, xAt(end) - xAt(start)), 3);
    for (const side of ['start', 'end'] as const) {
      const element = this.ends[side];
      element.style.left = `${xAt(chosen[side])}px`;
      element.setAttribute('aria-valuemin', '0');
      element.setAttribute('aria-valuemax', seconds(medium.duration));
      element.setAttribute('aria-valuenow', seconds(chosen[side]));
      element.setAttribute('aria-valuetext', `${seconds(chosen[side])} s`);
    }
    const isHeard = chosen.start === start && chosen.end === end;
    // It keeps its place, so that nothing moves when a part is chosen.
    this.apply.classList.toggle('unchanged', isHeard);
    this.apply.disabled = isHeard;
    this.apply.textContent = soundStrings.inspectPart(chosen.start, chosen.end);
  }

  private set(part: Interval): void {
    this.chosen = part;
    this.draw();
  }

  private attachPointer(): void {
    const { track } = this;
    track.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.from = { x: this.xOf(event), moved: false };
      track.setPointerCapture(event.pointerId);
    });
    track.addEventListener('pointermove', (event) => {
      const { from, medium } = this;
      if (from === null || medium === null) return;
      const x = this.xOf(event);
      if (!from.moved && Math.abs(x - from.x) < slack) return;
      from.moved = true;
      this.set(this.between(from.x, x, medium));
    });
    const up = (event: PointerEvent): void => {
      const { from } = this;
      this.from = null;
      if (from?.moved !== true) return;
      if (event.type === 'pointerup') this.choose(this.chosen);
      else if (this.medium !== null) this.set(this.medium.heard);
    };
    track.addEventListener('pointerup', up);
    track.addEventListener('pointercancel', up);
  }

  /** From where it began on, no longer than what the model hears at once. */
  private between(from: number, to: number, { duration, most }: AudioMedium): Interval {
    const width = Math.max(1, this.track.clientWidth);
    const at = (x: number): number => rounded((Math.min(Math.max(0, x), width) / width) * duration, duration);
    const begin = at(from);
    const end = at(to);
    return end >= begin
      ? { start: begin, end: Math.min(end, begin + most, duration) }
      : { start: Math.max(end, begin - most, 0), end: begin };
  }

  private attachKeys(side: End): void {
    const element = this.ends[side];
    element.addEventListener('keydown', (event) => {
      const { medium, chosen } = this;
      if (medium === null || event.ctrlKey || event.altKey || event.metaKey) return;
      const { duration, most } = medium;
      const step = event.shiftKey ? 1 : 0.1;
      const to = {
        ArrowRight: chosen[side] + step,
        ArrowUp: chosen[side] + step,
        ArrowLeft: chosen[side] - step,
        ArrowDown: chosen[side] - step,
        PageUp: chosen[side] + most,
        PageDown: chosen[side] - most,
        Home: 0,
        End: duration,
      }[event.key];
      if (event.key === 'Enter') this.choose(chosen);
      else if (event.key === 'Escape') this.set(medium.heard);
      else if (to === undefined) return;
      else this.set(moved(chosen, side, rounded(to, duration), medium));
      event.preventDefault();
      event.stopPropagation();
    });
  }

  private xOf(event: PointerEvent): number {
    return event.clientX - this.track.getBoundingClientRect().left;
  }
}

function thumb(label: string): HTMLElement {
  return h('div', {
    class: 'sound-strip-end',
    attributes: { role: 'slider', tabindex: '0', 'aria-label': label, 'aria-valuenow': '0' },
  });
}

/** Hundredths of a second, as they are written; the recording's very end is kept. */
function rounded(time: number, duration: number): number {
  return time >= duration ? duration : Math.max(0, Math.round(time * 100) / 100);
}

/** A part with one end elsewhere; the other follows where the part would be too long or too short. */
function moved(part: Interval, side: End, to: number, { duration, most }: AudioMedium): Interval {
  const least = Math.min(shortest, duration);
  if (side === 'start') {
    const start = Math.min(to, duration - least);
    return { start, end: Math.min(Math.max(part.end, start + least), start + most, duration) };
  }
  const end = Math.max(to, least);
  return { start: Math.max(Math.min(part.start, end - least), end - most, 0), end };
}

/** The largest amplitude; never nothing, so that silence is a line. */
export function peakOf({ minimum, maximum }: Waveform): number {
  let peak = 0;
  for (const value of maximum) peak = Math.max(peak, value);
  for (const value of minimum) peak = Math.max(peak, -value);
  return peak > 0 ? peak : 1;
}

import { h } from '../../dom.js';

export interface DividerOptions {
  readonly label: string;
  /** The pane's width in CSS pixels, and its bounds. */
  readonly get: () => number;
  readonly set: (width: number) => void;
  readonly least: number;
  readonly most: () => number;
  /** Which side of the divider its pane is on. */
  readonly side: 'left' | 'right';
}

const keyStep = 16;

/** A line between panes that can be dragged, or moved with the arrow keys. */
export function divider({ label, get, set, least, most, side }: DividerOptions): HTMLElement {
  const line = h('div', {
    class: 'divider',
    attributes: { role: 'separator', 'aria-orientation': 'vertical', 'aria-label': label, tabindex: '0' },
  });
  const apply = (width: number): void => {
    const next = Math.round(Math.min(most(), Math.max(least, width)));
    line.setAttribute('aria-valuenow', String(next));
    set(next);
  };
  line.setAttribute('aria-valuemin', String(least));
  line.setAttribute('aria-valuenow', String(get()));
  const sign = side === 'left' ? 1 : -1;
  let from: { x: number; width: number } | null = null;
  line.addEventListener('pointerdown', (event) => {
    from = { x: event.clientX, width: get() };
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  line.addEventListener('pointermove', (event) => {
    if (from !== null) apply(from.width + sign * (event.clientX - from.x));
  });
  line.addEventListener('lostpointercapture', () => {
    from = null;
  });
  line.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -keyStep, ArrowRight: keyStep }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    apply(get() + sign * by);
  });
  return line;
}

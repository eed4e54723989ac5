import type { Step } from '../../src/protocol.js';
import { attachGestures } from './gestures.js';
import { attachKeys } from './keys.js';
import type { Target } from './target.js';
import type { Cell } from './viewport.js';
import type { Lens } from './lens.js';

export interface PointingEvents {
  /** What a picture is looked at through. */
  lens(): Lens;
  step(): Step | null;
  current(): Cell | null;
  aim(target: Target | null, aloud: boolean): void;
  pick(cell: Cell | null): void;
  /** Escape, where there is nothing left to clear. */
  leave(): void;
}

/** Mouse and keyboard of one picture, for all that look through the same lens. */
export function attachPointing(element: HTMLElement, events: PointingEvents): void {
  const { lens } = events;
  attachGestures(element, {
    point: (x, y) => {
      events.aim(lens().targetAt(x, y), false);
    },
    leave: () => {
      events.aim(null, false);
    },
    press: (x, y) => {
      const target = lens().targetAt(x, y);
      if (target?.kind === 'cell') events.pick(target.cell);
      element.focus({ preventScroll: true });
    },
    drag: (x, y) => {
      lens().pan(x, y);
    },
    zoom: (x, y, factor) => {
      lens().zoomAt(x, y, factor);
    },
  });
  attachKeys(element, {
    size: events.step,
    current: events.current,
    page: () => lens().page,
    go: (cell) => {
      lens().reveal(cell);
      events.aim({ kind: 'cell', cell }, true);
    },
    pick: events.pick,
    clear: () => {
      const nothing = events.current() === null;
      events.aim(null, false);
      if (nothing) events.leave();
      else events.pick(null);
    },
    pan: (x, y) => {
      lens().pan(x, y);
    },
    zoom: (factor) => {
      lens().zoom(events.current(), factor);
    },
    fit: () => {
      lens().unzoom();
    },
  });
}

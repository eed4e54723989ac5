/** Points are in CSS pixels from the element's upper left corner. */
export interface GestureEvents {
  point(x: number, y: number): void;
  leave(): void;
  /** `shift`: with Shift held. */
  press(x: number, y: number, shift: boolean): void;
  drag(x: number, y: number): void;
  zoom(x: number, y: number, factor: number): void;
}

/** A pointer that moves less than this between down and up was a press, not a drag. */
const slack = 4;

/** Mouse, pen and touch on one element: point, press, drag, wheel, pinch. */
export function attachGestures(element: HTMLElement, events: GestureEvents): void {
  const down = new Map<number, { x: number; y: number }>();
  let moved = false;
  let from = { x: 0, y: 0 };

  const at = (event: MouseEvent): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const place = at(event);
    if (down.size === 0) {
      moved = false;
      from = place;
    }
    down.set(event.pointerId, place);
    element.setPointerCapture(event.pointerId);
  });

  element.addEventListener('pointermove', (event) => {
    const place = at(event);
    const before = down.get(event.pointerId);
    if (before === undefined) {
      events.point(place.x, place.y);
      return;
    }
    down.set(event.pointerId, place);
    if (down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) return;
      const spread = (p: { x: number; y: number }): number => Math.hypot(p.x - other.x, p.y - other.y);
      moved = true;
      const factor = spread(place) / Math.max(1, spread(before));
      events.zoom((place.x + other.x) / 2, (place.y + other.y) / 2, factor);
      return;
    }
    if (!moved && Math.hypot(place.x - from.x, place.y - from.y) < slack) return;
    if (!moved) {
      moved = true;
      element.classList.add('dragging');
      events.drag(place.x - from.x, place.y - from.y);
    } else {
      events.drag(place.x - before.x, place.y - before.y);
    }
  });

  const up = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId) || down.size > 0) return;
    element.classList.remove('dragging');
    if (event.type === 'pointerup' && !moved) events.press(from.x, from.y, event.shiftKey);
  };
  element.addEventListener('pointerup', up);
  element.addEventListener('pointercancel', up);
  element.addEventListener('pointerleave', () => {
    if (down.size === 0) events.leave();
  });

  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { x, y } = at(event);
      // Some wheels count in lines (1) or pages (2).
      const pixels = event.deltaY * (event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 300 : 1);
      // A pinch on a touch pad comes as a wheel with ctrl held, in far smaller steps.
      events.zoom(x, y, Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018)));
    },
    { passive: false },
  );
}

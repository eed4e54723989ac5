import type { Cell } from './viewport.js';

/** How many rows and columns are walked. */
export interface Size {
  readonly rows: { readonly size: number };
  readonly columns: { readonly size: number };
}

export interface KeyEvents {
  /** The matrix's rows and columns. */
  size(): Size | null;
  current(): Cell | null;
  /** Rows that Page Up and Page Down move by. */
  page(): number;
  go(cell: Cell): void;
  /** `shift`: with Shift held. */
  pick(cell: Cell, shift: boolean): void;
  clear(): void;
  /** Moves the matrix by pixels. */
  pan(x: number, y: number): void;
  zoom(factor: number): void;
  fit(): void;
}

const panStep = 48;
export const zoomStep = 1.4;

/** The keyboard of a matrix, as that of a spreadsheet. */
export function attachKeys(element: HTMLElement, events: KeyEvents): void {
  element.addEventListener('keydown', (event) => {
    if (event.altKey || event.metaKey) return;
    if (handle(event, events)) event.preventDefault();
  });
}

function handle(event: KeyboardEvent, events: KeyEvents): boolean {
  const step = events.size();
  if (step === null) return false;
  const arrow = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  }[event.key];
  if (arrow !== undefined && event.shiftKey) {
    const [down = 0, right = 0] = arrow;
    events.pan(-right * panStep, -down * panStep);
    return true;
  }
  switch (event.key) {
    case '+':
    case '=':
      events.zoom(zoomStep);
      return true;
    case '-':
      events.zoom(1 / zoomStep);
      return true;
    case '0':
      events.fit();
      return true;
    case 'Escape':
      events.clear();
      return true;
    case 'Enter':
    case ' ': {
      const at = events.current();
      if (at !== null) events.pick(at, event.shiftKey);
      return at !== null;
    }
  }
  const next = moved(event, step, events.current(), events.page());
  if (next === null) return false;
  events.go({
    row: Math.min(Math.max(0, next.row), step.rows.size - 1),
    column: Math.min(Math.max(0, next.column), step.columns.size - 1),
  });
  return true;
}

/** Where a key leads; not yet kept within the matrix. Null for keys that lead nowhere. */
function moved(event: KeyboardEvent, step: Size, current: Cell | null, page: number): Cell | null {
  const { row, column } = current ?? { row: 0, column: 0 };
  const begins = current === null;
  switch (event.key) {
    case 'ArrowLeft':
      return { row, column: begins ? 0 : column - 1 };
    case 'ArrowRight':
      return { row, column: begins ? 0 : column + 1 };
    case 'ArrowUp':
      return { row: begins ? 0 : row - 1, column };
    case 'ArrowDown':
      return { row: begins ? 0 : row + 1, column };
    case 'Home':
      return { row: event.ctrlKey ? 0 : row, column: 0 };
    case 'End':
      return { row: event.ctrlKey ? step.rows.size - 1 : row, column: step.columns.size - 1 };
    case 'PageUp':
      return { row: row - page, column };
    case 'PageDown':
      return { row: row + page, column };
    default:
      return null;
  }
}

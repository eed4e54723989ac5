import { h } from '../../dom.js';
import { fromOrdinal, ordinal } from '../../../src/drawing/labels.js';

export interface StepperOptions {
  readonly label: string;
  readonly size: number;
  readonly value: number;
  readonly get: () => number;
  /** Given an index from 0; it need not be within the size. */
  readonly change: (index: number) => void;
}

/** "‹ 3 › of 32": an index along an axis. */
export function stepper({ label, size, value, get, change }: StepperOptions): HTMLElement {
  const field = h('input', {
    class: 'stepper-field number',
    attributes: {
      type: 'number',
      min: String(ordinal(0)),
      max: String(ordinal(size - 1)),
      'aria-label': label,
    },
  });
  field.value = String(ordinal(value));
  const go = (index: number): void => {
    const next = Math.min(size - 1, Math.max(0, index));
    field.value = String(ordinal(next));
    change(next);
  };
  field.addEventListener('change', () => {
    go(Number.isFinite(field.valueAsNumber) ? fromOrdinal(Math.round(field.valueAsNumber)) : get());
  });
  const arrow = (text: string, name: string, by: number): HTMLElement => {
    const made = h('button', {
      class: 'stepper-arrow',
      text,
      attributes: { type: 'button', 'aria-label': `${name} ${label}` },
    });
    made.addEventListener('click', () => {
      go(get() + by);
    });
    return made;
  };
  return h(
    'span',
    { class: 'stepper' },
    h('span', { class: 'muted', text: label }),
    arrow('‹', 'Previous', -1),
    field,
    arrow('›', 'Next', 1),
    h('span', { class: 'muted number', text: `of ${size}` }),
  );
}

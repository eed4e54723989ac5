import './inputs.css';
import { h } from '../dom.js';

/** A slider with its title and what it stands at. */
export interface Slider {
  readonly element: HTMLElement;
  set(value: number, most?: number): void;
}

export interface SliderOptions {
  readonly title: string;
  readonly least: number;
  readonly most?: number;
  readonly hint?: string;
  /** What a value is called; per cent where left out. */
  readonly text?: (value: number) => string;
}

/** Whole numbers, per cent as a rule. */
export function slider(
  { title, least, most = 100, hint, text = (percent) => `${percent} %` }: SliderOptions,
  change: (value: number) => void,
): Slider {
  const input = h('input', {
    class: 'slider',
    attributes: { type: 'range', min: String(least), max: String(most), step: '1', 'aria-label': title },
  });
  const said = h('span', { class: 'number slider-value', attributes: { 'aria-hidden': 'true' } });
  const show = (value: number): void => {
    said.textContent = text(value);
    input.setAttribute('aria-valuetext', text(value));
  };
  input.addEventListener('input', () => {
    show(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  return {
    element: h(
      'label',
      { class: 'slider-input', ...(hint === undefined ? {} : { title: hint }) },
      title,
      input,
      said,
    ),
    set: (value, last = most) => {
      input.max = String(last);
      input.value = String(value);
      show(value);
    },
  };
}

/** A box to tick. */
export interface Check {
  readonly element: HTMLElement;
  set(on: boolean): void;
}

export function check(title: string, hint: string, change: (on: boolean) => void): Check {
  const input = h('input', { attributes: { type: 'checkbox' } });
  input.addEventListener('change', () => {
    change(input.checked);
  });
  return {
    element: h('label', { class: 'check-input', ...(hint === '' ? {} : { title: hint }) }, input, title),
    set: (on) => {
      input.checked = on;
    },
  };
}

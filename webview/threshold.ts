import './threshold.css';
import { h } from './dom.js';

/** The smallest weight that counts, in hundredths of 1. */
export interface Threshold {
  readonly element: HTMLElement;
  readonly value: number;
  set(value: number): void;
}

/** A slider from 0 to 1; small weights, where most are, have the first half. */
export function threshold(title: string, hint: string, change: () => void): Threshold {
  const input = h('input', {
    class: 'slider',
    attributes: { type: 'range', min: '0', max: String(stops), step: '1', 'aria-label': title },
  });
  const said = h('span', { class: 'number', attributes: { 'aria-hidden': 'true' } });
  const show = (): void => {
    const text = weightAt(input.valueAsNumber).toFixed(2);
    said.textContent = text;
    input.setAttribute('aria-valuetext', text);
  };
  input.addEventListener('input', () => {
    show();
    change();
  });
  show();
  return {
    element: h('label', { class: 'threshold', title: hint }, title, input, said),
    get value() {
      return weightAt(input.valueAsNumber);
    },
    set: (value) => {
      input.value = String(stopOf(value));
      show();
    },
  };
}

/** Hundredths up to a fifth, twentieths from there on. */
const fine = 20;
const stops = fine + 16;

function weightAt(stop: number): number {
  return stop <= fine ? stop / 100 : Math.round(20 + (stop - fine) * 5) / 100;
}

function stopOf(weight: number): number {
  return weight <= fine / 100 ? Math.round(weight * 100) : fine + Math.round((weight * 100 - fine) / 5);
}

/** A threshold that was remembered, by whatever version of this page. */
export function readThreshold(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : otherwise;
}

import { slider } from './inputs.js';

/** The smallest weight that counts. */
export interface Threshold {
  readonly element: HTMLElement;
  readonly value: number;
  set(value: number): void;
}

/** A slider from 0 to 1; small weights, where most are, have the first half. */
export function threshold(title: string, hint: string, change: () => void): Threshold {
  let value = 0;
  const { element, set } = slider(
    { title, hint, least: 0, most: stops, text: (stop) => weightAt(stop).toFixed(2) },
    (stop) => {
      value = weightAt(stop);
      change();
    },
  );
  set(0);
  return {
    element,
    get value() {
      return value;
    },
    set: (weight) => {
      value = weightAt(stopOf(weight));
      set(stopOf(weight));
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

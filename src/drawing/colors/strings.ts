import type { LeftOut, MapName, ScaleKind } from './choice.js';

/** What the colour scale's control says. */
export const scaleStrings = {
  title: 'Colour scale',
  kind: 'Scale',
  maximum: 'Maximum',
  automatic: 'Automatic',
  set: 'Set',
  maximumValue: 'Largest number on the scale',
  leaveOut: 'Leave out keys',
  map: 'Colours',
  reset: 'Reset',
  perRow: 'each row from 0 to its largest',
  perRowSigned: 'each row by its largest size',
  sink: (names: string): string => `Scale ends below ${names}, to show the rest`,
  rows: 'Scale ends below the strongest rows, to show the rest',
  both: (names: string): string => `Scale ends below ${names} and the strongest rows, to show the rest`,
  renormalised: (names: string): string => `Without ${names}: the other keys of each row sum to 1`,
} as const;

export const kindTitles: Readonly<Record<ScaleKind, { readonly title: string; readonly hint: string }>> = {
  linear: { title: 'Linear', hint: 'Colours in proportion to the numbers' },
  row: { title: 'Per row', hint: 'Each row from 0 to its own largest number' },
  logarithmic: { title: 'Log', hint: 'Logarithmic: four powers of ten below the maximum' },
  power: { title: 'Power', hint: 'Square root: small numbers get more of the colours' },
};

export const mapTitles: Readonly<Record<MapName, string>> = {
  cividis: 'Cividis',
  viridis: 'Viridis',
  greys: 'Greys',
  diverging: 'Orange',
};

export const leftOutTitles: Readonly<Record<LeftOut, string>> = {
  nothing: 'None',
  first: 'First token',
  special: 'Special tokens',
};

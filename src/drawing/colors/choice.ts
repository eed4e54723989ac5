import { isRecord } from '../../common/values.js';

/** How numbers are spread over the colours: evenly, each row by its own largest, by powers of ten, or by square roots. */
export const scaleKinds = ['linear', 'row', 'logarithmic', 'power'] as const;
export type ScaleKind = (typeof scaleKinds)[number];

/** The colours of weights; of numbers around 0 these are always the diverging ones. */
export const mapNames = ['cividis', 'viridis', 'greys', 'diverging'] as const;
export type MapName = (typeof mapNames)[number];

/** Which keys are left out of the weights, so that each row's others sum to 1. */
export const leftOutKeys = ['nothing', 'first', 'special'] as const;
export type LeftOut = (typeof leftOutKeys)[number];

/** What the user wants of the colours. */
export interface ScaleChoice {
  readonly kind: ScaleKind;
  /** The number that gets the last colour; found from the numbers where it is automatic. */
  readonly maximum: number | 'automatic';
  readonly leaveOut: LeftOut;
  readonly map: MapName;
}

export const usualChoice: ScaleChoice = {
  kind: 'linear',
  maximum: 'automatic',
  leaveOut: 'nothing',
  map: 'cividis',
};

/** One of some words, where it is one. */
export function oneOf<T extends string>(words: readonly T[], value: unknown): T | undefined {
  return words.find((word) => word === value);
}

/** Reads a choice from outside; what does not fit is as in `otherwise`. */
export function readScaleChoice(value: unknown, otherwise: ScaleChoice = usualChoice): ScaleChoice {
  const fields = isRecord(value) ? value : {};
  const maximum = fields['maximum'];
  const fits =
    maximum === 'automatic' || (typeof maximum === 'number' && Number.isFinite(maximum) && maximum > 0);
  return {
    kind: oneOf(scaleKinds, fields['kind']) ?? otherwise.kind,
    maximum: fits ? maximum : otherwise.maximum,
    leaveOut: oneOf(leftOutKeys, fields['leaveOut']) ?? otherwise.leaveOut,
    map: oneOf(mapNames, fields['map']) ?? otherwise.map,
  };
}

/** The settings' choice, as the host says it in the page. */
export function usualScale(said: Readonly<Record<string, string | undefined>>): ScaleChoice {
  return readScaleChoice({ ...usualChoice, kind: said['colorScale'], map: said['colorMap'] });
}

import { fieldsOf } from '../../../parse.js';

/** How a recording is shown and played. */
export interface SoundSettings {
  /** Whether the alignment's path is drawn. */
  readonly path: boolean;
  readonly loop: boolean;
  /** How fast it is played; 1 as it was recorded. */
  readonly rate: number;
}

export const rates = [0.5, 0.75, 1, 1.5] as const;

export const standardSettings: SoundSettings = { path: true, loop: false, rate: 1 };

/** Reads what was remembered, by whatever version; what does not fit is as standard. */
export function readSettings(value: unknown): SoundSettings | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const { path, loop, rate } = fields;
  return {
    path: typeof path === 'boolean' ? path : standardSettings.path,
    loop: typeof loop === 'boolean' ? loop : standardSettings.loop,
    rate: rates.find((each) => each === rate) ?? standardSettings.rate,
  };
}

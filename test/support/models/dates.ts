import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures as models, readJson } from './expected.js';

/** Made by make.py. */
export const fixtures = join(models, 'dates');

/** A date as PyTorch reads it, and what each model writes. */
export interface Expected {
  readonly text: string;
  readonly iso: string;
  readonly normalised: string;
  readonly ids: readonly number[];
  readonly said: Readonly<Record<string, string>>;
}

/** Dates in nine scripts, of days that no model was trained on. */
export const dates = readJson<readonly Expected[]>(readFileSync(join(fixtures, 'dates.json'), 'utf8'));

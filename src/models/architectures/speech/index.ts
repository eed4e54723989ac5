import { quoted } from '../../../formats/untrusted.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { SpeechArchitecture } from './architecture.js';

export type { SpeechArchitecture, SpeechDescription } from './architecture.js';
import { whisper } from './whisper.js';

/** Every family of models that hear; a new one is a file of its own and a line here. */
export const speechArchitectures: readonly SpeechArchitecture[] = [whisper];

/** What people call the families that hear. */
export const speechFamilies: readonly string[] = speechArchitectures.map(({ title }) => title);

/** Whether a configuration is that of a model that hears. */
export function hears({ modelType }: Config): boolean {
  return speechArchitectures.some(({ modelTypes }) => modelTypes.some((known) => known === modelType));
}

/** @throws ModelError when no family goes by the configuration's "model_type", with those that are known. */
export function speechArchitectureOf(config: Config): SpeechArchitecture {
  const { modelType } = config;
  const found = speechArchitectures.find(({ modelTypes }) => modelTypes.some((known) => known === modelType));
  if (found !== undefined) return found;
  const known = speechArchitectures.flatMap(({ modelTypes }) => modelTypes.map(quoted)).join(', ');
  throw new ModelError(
    modelType === undefined
      ? `${config.where} does not say "model_type"; ${known} hears.`
      : `${config.where} says that "model_type" is ${quoted(modelType)}, which is not heard with here; ${known} is.`,
  );
}

import { isRecord } from '../../../common/values.js';
import { quoted } from '../../../formats/untrusted.js';
import { Config } from '../../config.js';

/**
 * The settings of one half, as its class reads them.
 * @param modelType of a half whose class its place tells
 * @throws ModelError where they are no object
 */
export function sectionOf(config: Config, name: string, modelType?: string): Config {
  const section = config.raw(name) ?? {};
  const typed =
    isRecord(section) && modelType !== undefined ? { ...section, model_type: modelType } : section;
  return Config.ofClass(typed, `${config.where}: ${quoted(name)}`);
}

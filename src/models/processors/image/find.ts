import { isRecord } from '../../../common/values.js';
import type { Json } from '../../../formats/json-text.js';
import { imageSettings, type ImageSettings } from './settings.js';

/** Where a processor's settings lie: of what was saved lately, within the first. */
const nestedFile = 'processor_config.json';
export const processorFile = 'preprocessor_config.json';

/** What lies beside a model. */
export interface ProcessorFiles {
  /** What they belong to, to begin messages. */
  readonly name: string;
  /** Of config.json. */
  readonly modelType: string | undefined;
  /** The contents of a JSON file; undefined where there is none. */
  json(file: string): Promise<Json | undefined>;
}

/** The processor of a model, found where transformers looks for it; undefined where there is none. @throws ModelError */
export async function findProcessor({
  name,
  modelType,
  json,
}: ProcessorFiles): Promise<ImageSettings | undefined> {
  const outer = await json(nestedFile);
  const nested = isRecord(outer) ? outer['image_processor'] : undefined;
  if (nested !== undefined)
    return imageSettings(nested, `${name}: ${nestedFile}: "image_processor"`, modelType);
  const own = await json(processorFile);
  return own === undefined ? undefined : imageSettings(own, `${name}: ${processorFile}`, modelType);
}

import type { Config } from '../../config.js';
import type { ImageTextArchitecture } from './architecture.js';
import { blip } from './blip.js';
import { visionEncoderDecoder } from './vision-encoder-decoder.js';

/** Every family of models that reads images and writes about them; a new one is a file of its own and a line here. */
export const imageTextArchitectures: readonly ImageTextArchitecture[] = [blip, visionEncoderDecoder];

export type { ImageMemoryGraph, ImageTextArchitecture, ImageTextDescription } from './architecture.js';

/** The family of a model that writes about images; undefined for any other. */
export function imageTextArchitectureOf({ modelType }: Config): ImageTextArchitecture | undefined {
  return imageTextArchitectures.find(({ modelTypes }) => modelTypes.some((known) => known === modelType));
}

import { quoted } from '../../../formats/untrusted.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { VisionArchitecture } from './architecture.js';
import { beit } from './beit.js';
import { clip } from './clip.js';
import { deit } from './deit.js';
import { dinov2, dinov2WithRegisters } from './dinov2.js';
import { refused } from './refused.js';
import { siglip } from './siglip.js';
import { vit } from './vit.js';

/** Every family of models that reads images; a new one is a file of its own and a line here. */
export const visionArchitectures: readonly VisionArchitecture[] = [
  beit,
  clip,
  deit,
  dinov2,
  dinov2WithRegisters,
  siglip,
  vit,
];

export type {
  JointSpace,
  VisionArchitecture,
  VisionDescription,
  VisionGraph,
  VisionToken,
} from './architecture.js';

/** What the families that read images are called. */
export const visionFamilies: readonly string[] = visionArchitectures.map(({ title }) => title);

/** Whether it is a model for images that is meant, be it one that can be read or not. */
export function readsImages({ modelType = '' }: Config): boolean {
  return (
    refused.has(modelType) ||
    visionArchitectures.some(({ modelTypes }) => modelTypes.some((known) => known === modelType))
  );
}

/** @throws ModelError when no family goes by the configuration's "model_type", with those that are known or why not. */
export function visionArchitectureOf(config: Config): VisionArchitecture {
  const { modelType } = config;
  const found = visionArchitectures.find(({ modelTypes }) => modelTypes.some((known) => known === modelType));
  if (found !== undefined) return found;
  const reason = refused.get(modelType ?? '');
  if (reason !== undefined) {
    throw new ModelError(
      `${config.where}: ${quoted(modelType ?? '')} ${reason}; it is not read. Families that are: ${visionFamilies.join(', ')}.`,
    );
  }
  const known = visionArchitectures.flatMap(({ modelTypes }) => modelTypes.map(quoted)).join(', ');
  throw new ModelError(
    modelType === undefined
      ? `${config.where} does not say "model_type"; ${known} read images.`
      : `${config.where} says that "model_type" is ${quoted(modelType)}, which reads no images here; ${known} do.`,
  );
}

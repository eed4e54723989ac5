import { reasonOf } from '../common/values.js';

/** One sentence about a model that cannot be used: which folder or file, what, why. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** A model lacks a tensor that its family has. */
export class MissingTensor extends ModelError {}

/** An error that begins with the checkpoint's name. */
export function named(error: unknown, name: string): ModelError {
  if (error instanceof ModelError) return error;
  const reason = reasonOf(error);
  return new ModelError(reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`, { cause: error });
}

/** One sentence about a model that cannot be used: which folder or file, what, why. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** What an error says, without a stack or a class name. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

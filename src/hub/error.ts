/** Something that kept a model from being fetched, as a sentence for people. */
export class HubError extends Error {
  override readonly name = 'HubError';
}

/** Whether an error is the system's of that name: "ENOSPC". */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

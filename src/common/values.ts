/** Whether a value of unknown origin is an object with named fields, as JSON has them. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an error says, without a stack or a class name. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

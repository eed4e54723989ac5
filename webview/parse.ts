/** An object from outside whose fields are still to be looked at; null for anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return { ...value };
}

/** A whole number from 0 on. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** Those fields of an object that are true or false. */
export function flagsOf(value: unknown): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    Object.entries(fieldsOf(value) ?? {}).filter(
      (entry): entry is [string, boolean] => typeof entry[1] === 'boolean',
    ),
  );
}

/** Values of parameters, texts and finite numbers alone; null where there is anything else. */
export function parameterValuesOf(value: unknown): Readonly<Record<string, string | number>> | null {
  const entries = Object.entries(fieldsOf(value) ?? { none: null });
  const known = entries.filter(
    (entry): entry is [string, string | number] =>
      typeof entry[1] === 'string' || (typeof entry[1] === 'number' && Number.isFinite(entry[1])),
  );
  return known.length === entries.length ? Object.fromEntries(known) : null;
}

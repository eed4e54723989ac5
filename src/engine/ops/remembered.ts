import type { Operation } from '../graph.js';

/** Of each kind of operation, so many are remembered. */
const most = 256;

/**
 * Makes an operation once for the same settings: graphs that are built again have the same operations, so that what they come to can
 * be known again. Settings are plain data.
 */
export function remembered<Settings extends readonly unknown[]>(
  make: (...settings: Settings) => Operation,
): (...settings: Settings) => Operation {
  const made = new Map<string, Operation>();
  return (...settings) => {
    const key = JSON.stringify(settings);
    const before = made.get(key);
    if (before !== undefined) return before;
    if (made.size >= most) made.clear();
    const operation = make(...settings);
    made.set(key, operation);
    return operation;
  };
}

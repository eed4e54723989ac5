import assert from 'node:assert/strict';

/** Milliseconds between two looks. */
const pause = 50;

/**
 * Looks again and again until it is so: for what nothing tells of when it comes about. The only place in the tests where time is
 * waited for; what tells of itself (a promise, an event, a locator) is awaited.
 * @param what came about, for the sentence where it does not
 * @param patience in milliseconds
 * @throws when it has not come about by then, with what looking threw last as the cause
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patience = 40_000,
): Promise<void> {
  const end = Date.now() + patience;
  let cause: unknown;
  const look = async (): Promise<boolean> => {
    try {
      return await isSo();
    } catch (error) {
      // What is looked at may not be there yet, or be gone for a moment.
      cause = error;
      return false;
    }
  };
  for (let late = false; !(await look()); late = Date.now() > end) {
    if (late)
      throw new assert.AssertionError({
        message: `${what} did not come about within ${patience / 1000} s${cause instanceof Error ? `: ${cause.message}` : ''}`,
      });
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

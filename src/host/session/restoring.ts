import type { Remembered } from './request.js';

/** A tab that was open when the window was reloaded. */
export interface RestoredTab {
  readonly title: string;
  /** What its page left, by whatever version of the page: it names the inspection that it showed. */
  readonly state: unknown;
}

/**
 * What a restored tab showed: what its page names, since several tabs may have one title. A page of version 0.1 names nothing
 * and is told by its title.
 * @param taken ids of what other tabs show already
 */
export function findRemembered(
  before: readonly Remembered[],
  { title, state }: RestoredTab,
  taken: ReadonlySet<string>,
): Remembered | undefined {
  const named = inspectionOf(state);
  return before.find(
    ({ id, label }) => !taken.has(id) && (named === undefined ? label === title : id === named),
  );
}

function inspectionOf(state: unknown): string | undefined {
  if (typeof state !== 'object' || state === null || !('inspection' in state)) return undefined;
  return typeof state.inspection === 'string' ? state.inspection : undefined;
}

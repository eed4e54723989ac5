import type { TextChange } from '../../text-change.js';

/** Says how far a long task is, and when to stop. */
export interface Task {
  readonly signal?: AbortSignal;
  /** @param text what was written since the last time, where a text is being written */
  progress?(message: string, fraction: number | null, text?: TextChange): void;
}

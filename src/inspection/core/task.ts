/** Says how far a long task is, and when to stop. */
export interface Task {
  readonly signal?: AbortSignal;
  progress?(message: string, fraction: number | null): void;
}

import type { Releasable } from './disposable.js';

/** Tells listeners of something, in the order they came; the same shape as VS Code's events, without needing VS Code. */
export class Emitter<T> implements Releasable {
  private readonly listeners = new Set<(value: T) => void>();

  readonly event = (listener: (value: T) => unknown): Releasable => {
    // A listener of its own each time, so that one function may listen twice.
    const own = (value: T): void => void listener(value);
    this.listeners.add(own);
    return { dispose: () => this.listeners.delete(own) };
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }

  dispose(): void {
    this.listeners.clear();
  }
}

import { afterFrame } from './dom.js';

/** State that is read anywhere, changed through `update` alone, and watched part by part. */
export class Store<T extends object> {
  private readonly watchers = new Set<() => void>();
  private notifying = false;
  private again = false;

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  /** Watchers of what changed are called before this returns; changes made by them are seen by all watchers too. */
  update(changes: Partial<T>): void {
    this.value = { ...this.value, ...changes };
    if (this.notifying) {
      this.again = true;
      return;
    }
    this.notifying = true;
    try {
      do {
        this.again = false;
        for (const watcher of [...this.watchers]) watcher();
      } while (this.again);
    } finally {
      this.notifying = false;
    }
  }

  /** Calls back now, and whenever what `select` picks is another value (`Object.is`). Returns how to stop. */
  watch<S>(select: (state: T) => S, react: (selected: S) => void): () => void {
    let last = select(this.value);
    const watcher = (): void => {
      const now = select(this.value);
      if (Object.is(now, last)) return;
      last = now;
      react(now);
    };
    this.watchers.add(watcher);
    react(last);
    return () => {
      this.watchers.delete(watcher);
    };
  }

  /**
   * Like `watch`, for what may come after the picture: a change is told of when the next frame is on screen, several in between
   * as one. What was shown before stays until then.
   */
  follow<S>(select: (state: T) => S, react: (selected: S) => void): () => void {
    let stopped = false;
    let waiting = true;
    const stop = this.watch(select, () => {
      if (waiting) return;
      waiting = true;
      afterFrame(() => {
        waiting = false;
        if (!stopped) react(select(this.value));
      });
    });
    waiting = false;
    react(select(this.value));
    return () => {
      stopped = true;
      stop();
    };
  }
}

/** What has to be ended with a view: it is begun through this, and ended in one call. */
export class Lifetime {
  private readonly ends: (() => void)[] = [];

  /** Ends with the rest. */
  add(...ends: readonly (() => void)[]): void {
    this.ends.push(...ends);
  }

  /** Calls back when an element has another size, until the end. */
  resized(element: Element, react: () => void): void {
    const observer = new ResizeObserver(react);
    observer.observe(element);
    this.ends.push(() => {
      observer.disconnect();
    });
  }

  dispose(): void {
    for (const end of this.ends.splice(0)) end();
  }
}

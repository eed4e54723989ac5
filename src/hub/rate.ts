/** What came before so many milliseconds says nothing of how fast it comes now. */
const recent = 5_000;

/** How fast something comes. */
export class Rate {
  private readonly seen: { readonly time: number; readonly bytes: number }[] = [];

  /** @param now in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * In bytes a second, over the last seconds; undefined before it can be told.
   * @param bytes that have come since the beginning
   */
  at(bytes: number): number | undefined {
    const time = this.now();
    this.seen.push({ time, bytes });
    // One that is older stays, so that there is something to measure from.
    for (
      let [, second] = this.seen;
      second !== undefined && time - second.time >= recent;
      [, second] = this.seen
    )
      this.seen.shift();
    const [first] = this.seen;
    if (first === undefined || time - first.time < 500) return undefined;
    return ((bytes - first.bytes) / (time - first.time)) * 1000;
  }
}

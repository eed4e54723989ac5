/** What can be let go of; VS Code's own disposables are such. */
export interface Releasable {
  dispose(): unknown;
}

/** Owns others and lets them go with itself, last come first. What comes too late is let go of at once. */
export class Disposable implements Releasable {
  private readonly owned: Releasable[] = [];
  private gone = false;

  protected get disposed(): boolean {
    return this.gone;
  }

  /** Runs once, however often it is called. */
  dispose(): void {
    if (this.gone) return;
    this.gone = true;
    for (let next = this.owned.pop(); next !== undefined; next = this.owned.pop()) next.dispose();
  }

  protected own<T extends Releasable>(thing: T): T {
    if (this.gone) thing.dispose();
    else this.owned.push(thing);
    return thing;
  }
}

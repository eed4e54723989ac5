/** What is closed when nobody needs it any more. */
interface Closable {
  dispose(): Promise<void>;
}

interface Kept<Opened> {
  readonly opened: Promise<Opened>;
  /** What it was when it was opened: something else under the same name is opened anew. */
  readonly stamp: string;
  users: number;
}

/** Something open that several use; released when nobody looks at it any more. */
export interface Handle<Opened> {
  readonly opened: Opened;
  release(): Promise<void>;
}

/** Things that take time to open, each open once. Some stay open that nobody uses: whoever comes next starts at once. */
export class ResourcePool<Opened extends Closable> {
  private readonly kept = new Map<string, Kept<Opened>>();

  /** @param spare how many stay open that nobody uses at the moment */
  constructor(private readonly spare: number) {}

  async acquire(key: string, stamp: string, open: () => Promise<Opened>): Promise<Handle<Opened>> {
    const known = this.kept.get(key);
    const entry = known?.stamp === stamp ? known : { opened: heard(open()), stamp, users: 0 };
    entry.users++;
    // Last in the map is the one used last.
    this.kept.delete(key);
    this.kept.set(key, entry);
    if (known !== undefined && known !== entry && known.users === 0) await close(known);
    let opened: Opened;
    try {
      opened = await entry.opened;
    } catch (error) {
      entry.users--;
      if (this.kept.get(key) === entry) this.kept.delete(key);
      throw error;
    }
    let held = true;
    return {
      opened,
      release: async () => {
        if (!held) return;
        held = false;
        entry.users--;
        if (this.kept.get(key) === entry) await this.tidy();
        else if (entry.users === 0) await close(entry);
      },
    };
  }

  async dispose(): Promise<void> {
    const all = [...this.kept.values()];
    this.kept.clear();
    await Promise.all(all.map(close));
  }

  private async tidy(): Promise<void> {
    const idle = [...this.kept].filter(([, { users }]) => users === 0);
    const leaving = idle.slice(0, Math.max(0, idle.length - this.spare));
    // All at once: what is acquired while others close is not among them.
    for (const [key] of leaving) this.kept.delete(key);
    await Promise.all(leaving.map(([, entry]) => close(entry)));
  }
}

/** A promise that several may await, or nobody in the end: its rejection reaches those who do, and ends no process. */
function heard<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

/** What was not opened needs no closing, and nobody who asked for something else can do anything about what does not close. */
async function close<Opened extends Closable>({ opened }: Kept<Opened>): Promise<void> {
  try {
    await (await opened).dispose();
  } catch {
    // Its files are gone from the pool either way.
  }
}

import type { InspectionSummary, ParameterValues, Variant } from '../../../src/protocol.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import type { Store } from '../../store.js';
import { explained, suggest } from './alignment.js';
import type { CompareMemory } from './view.js';

/** No more stand beside an inspection. */
export const mostVariants = 3;

/** What stands beside the first column: nothing yet, a variant that ran, or why it did not. */
export type Beside = { readonly kind: 'waiting' } | Variant;

export interface Progress {
  /** Null while nothing runs. */
  readonly message: string | null;
}

/** Runs the variants of what is open, again whenever it or they change. What was asked of earlier ones is no longer wanted. */
export class Comparison {
  private variants: readonly Beside[] = [];
  private ran: string | null = null;
  private asking: AbortController | null = null;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly panel: Panel,
    private readonly memory: Store<CompareMemory>,
    private readonly events: {
      /** Columns have come, gone or changed. */
      changed(): void;
      progress(progress: Progress): void;
    },
  ) {}

  /** Begins to follow what is open. */
  start(): void {
    this.stops.push(
      this.panel.store.watch(
        ({ content }) =>
          content.kind === 'inspection' ? `${content.summary.id} ${content.summary.revision}` : '',
        () => {
          this.renew();
        },
      ),
      this.memory.watch(
        ({ variants }) => variants,
        () => {
          this.renew();
        },
      ),
    );
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    this.asking?.abort();
    this.asking = null;
    this.variants = [];
  }

  get changes(): readonly ParameterValues[] {
    return this.memory.get().variants ?? [];
  }

  /** What is in a column beside the first, counted from 0. */
  beside(at: number): Beside {
    return this.variants[at] ?? { kind: 'waiting' };
  }

  /** A column's summary, where it can be asked for numbers; −1 is the first column. */
  summary(at: number): InspectionSummary | null {
    if (at < 0) return this.panel.summary;
    const beside = this.beside(at);
    return beside.kind === 'variant' && this.asking === null ? beside.summary : null;
  }

  get full(): boolean {
    return this.changes.length >= mostVariants;
  }

  add(): void {
    const { summary } = this.panel;
    if (summary === null || this.full) return;
    this.set([...this.changes, suggest(summary.parameters, this.changes)]);
  }

  remove(at: number): void {
    this.variants = this.variants.filter((_, index) => index !== at);
    this.set(this.changes.filter((_, index) => index !== at));
  }

  change(at: number, changes: ParameterValues): void {
    this.set(this.changes.map((before, index) => (index === at ? changes : before)));
  }

  private set(variants: readonly ParameterValues[]): void {
    this.memory.update({ variants });
  }

  /** Runs it unless it has run as it is now. */
  private renew(): void {
    const { summary } = this.panel;
    const key =
      summary === null ? '' : JSON.stringify([summary.id, summary.revision, this.memory.get().variants]);
    if (key === this.ran) return;
    this.ran = key;
    void this.run();
  }

  private async run(): Promise<void> {
    const { panel } = this;
    const { summary } = panel;
    this.asking?.abort();
    this.asking = null;
    if (summary === null) return;
    const { variants } = this.memory.get();
    if (variants === null) {
      const given = explained(summary);
      this.set(given.length > 0 ? given : [suggest(summary.parameters, [])]);
      return;
    }
    const asking = new AbortController();
    this.asking = asking;
    this.variants = variants.map((_, at) => this.beside(at));
    this.events.changed();
    this.events.progress({ message: '' });
    try {
      const ran = await panel.channel.request(
        'compare',
        { inspection: summary.id, variants },
        {
          signal: asking.signal,
          onProgress: ({ message }) => {
            if (this.asking === asking) this.events.progress({ message });
          },
        },
      );
      if (this.asking !== asking) return;
      this.variants = ran;
    } catch (error) {
      if (this.asking !== asking) return;
      if (isCancelled(error)) {
        // Ended by the host: what is open is about to be another, and will be compared then.
        this.variants = variants.map(() => ({ kind: 'waiting' }));
      } else {
        const message = reasonOf(error);
        this.variants = variants.map(() => ({ kind: 'failed', message }));
      }
    }
    this.asking = null;
    this.events.progress({ message: null });
    this.events.changed();
  }
}

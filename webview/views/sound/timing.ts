import { reasonOf } from '../../../src/common/values.js';
import type { Alignment, HeadRank, InspectionSummary } from '../../../src/protocol.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';

/** Asks for the words' times and for the heads' ranks, once for each run, after the picture. */
export class Timing {
  private of = '';
  private asking: AbortController | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly events: {
      /** Null while it is on its way. */
      aligned(alignment: Alignment | null): void;
      ranked(ranks: readonly HeadRank[] | null): void;
      failed(sentence: string): void;
    },
  ) {}

  show({ id, revision, aligns }: InspectionSummary): void {
    const key = JSON.stringify([id, revision, aligns === true]);
    if (key === this.of) return;
    this.of = key;
    this.asking?.abort();
    this.asking = null;
    this.events.aligned(null);
    this.events.ranked(null);
    if (aligns !== true) return;
    const asking = new AbortController();
    this.asking = asking;
    void this.fetch(id, revision, asking);
  }

  dispose(): void {
    this.asking?.abort();
    this.asking = null;
  }

  private async fetch(inspection: string, revision: number, asking: AbortController): Promise<void> {
    // The picture is asked for in the same turn, after this.
    await Promise.resolve();
    await this.panel.matrixShown();
    if (this.asking !== asking) return;
    const { channel } = this.panel;
    const { signal } = asking;
    try {
      const alignment = await channel.request('alignment', { inspection }, { signal });
      if (this.asking !== asking || alignment.revision !== revision) return;
      this.events.aligned(alignment);
      const ranks = await channel.request('rankHeads', { inspection }, { signal });
      if (this.asking === asking) this.events.ranked(ranks);
    } catch (error) {
      if (this.asking === asking && !isCancelled(error)) this.events.failed(reasonOf(error));
    }
  }
}

import './kinds.css';
import type { HeadKindsState, InspectionSummary, StackKinds } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import { button } from '../../ui.js';
import { kindsLegend, signOf, type KindSign } from './kinds-grid.js';

/** The switch that labels the heads by what they do, or the offer to find that out. */
export class KindsView {
  private readonly box = h('input', { attributes: { type: 'checkbox' } });
  private readonly toggle = h('label', { class: 'kinds-toggle' }, this.box, 'Kinds');
  private readonly offer: HTMLElement;
  private readonly legend = h('div');
  readonly element: HTMLElement;
  private state: HeadKindsState = { kind: 'none' };

  constructor(
    private readonly panel: Panel,
    private readonly events: {
      /** Another sign for each head; null where none are shown. */
      shown(sign: ((layer: number, head: number) => KindSign) | null): void;
      trouble(error: unknown): void;
    },
  ) {
    this.offer = button({
      text: 'Find head kinds',
      title: 'Run a short built-in text through the model and see what each head does most.',
      press: () => {
        panel.channel.request('findKinds', null).catch(events.trouble);
      },
    });
    this.element = h('div', { class: 'section' }, this.toggle, this.offer, this.legend);
    this.box.addEventListener('change', () => {
      panel.store.update({ kinds: this.box.checked });
    });
    panel.store.watch(
      ({ kinds }) => kinds,
      () => {
        this.draw();
      },
    );
    panel.store.follow(
      ({ content }) => (content.kind === 'inspection' ? content.summary : null),
      (summary) => {
        void this.ask(summary);
      },
    );
  }

  /** Takes on what the host knows now. */
  show(state: HeadKindsState): void {
    // What the user asked for is shown when it comes.
    if (this.state.kind === 'unknown' && state.kind === 'known') this.panel.store.update({ kinds: true });
    this.state = state;
    this.draw();
  }

  private async ask(summary: InspectionSummary | null): Promise<void> {
    if (summary === null) return;
    try {
      const state = await this.panel.channel.request('kinds', null);
      if (this.panel.summary !== summary) return;
      this.state = state;
      this.draw();
    } catch (error) {
      if (!isCancelled(error)) this.events.trouble(error);
    }
  }

  private draw(): void {
    const { state } = this;
    const { summary } = this.panel;
    const wanted = this.panel.store.get().kinds;
    const stack =
      state.kind === 'known' && summary !== null ? stackOf(state.kinds.stacks, summary) : undefined;
    this.box.checked = wanted;
    this.toggle.hidden = stack === undefined;
    this.offer.hidden = state.kind !== 'unknown';
    this.element.hidden = this.toggle.hidden && this.offer.hidden;
    if (state.kind !== 'known' || stack === undefined || !wanted) {
      this.legend.replaceChildren();
      this.events.shown(null);
      return;
    }
    const { kinds } = state;
    this.legend.replaceChildren(kindsLegend(kinds, stack));
    this.events.shown((layer, head) => signOf(kinds, stack, layer, head));
  }
}

/** The attention that is shown, where its layers and heads are those that were probed. */
function stackOf(stacks: readonly StackKinds[], summary: InspectionSummary): StackKinds | undefined {
  const attention = summary.parameters.find(({ name }) => name === 'attention')?.value ?? 'self';
  return stacks.find(
    ({ stack, layers, heads }) => stack === attention && layers === summary.layers && heads === summary.heads,
  );
}

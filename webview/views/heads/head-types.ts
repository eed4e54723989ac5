import './head-types.css';
import type { HeadTypesState, InspectionSummary, StackHeadTypes } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import type { Panel } from '../../panel.js';
import { button } from '../../controls/ui.js';
import type { ViewContext } from '../view.js';
import { headTypesLegend, signOf, type HeadTypeSign } from './head-types-grid.js';

/** The switch that labels the heads by what they do, or the offer to find that out. */
export class HeadTypesView {
  private readonly box = h('input', { attributes: { type: 'checkbox' } });
  private readonly toggle = h('label', { class: 'heads-switch' }, this.box, 'Head types');
  private readonly offer: HTMLElement;
  /** Stands above the heads. */
  readonly element: HTMLElement;
  /** Stands below them, so that they stay where they are when it comes. */
  readonly legend = h('div');
  private state: HeadTypesState = { kind: 'none' };
  /** Whether the host has said what it knows. */
  private answered = false;
  private readonly panel: Panel;
  private readonly life = new Lifetime();

  constructor(
    private readonly context: ViewContext,
    /** Whether heads are labelled by what they do, where that is known. */
    public labelled: boolean,
    private readonly shown: {
      /** Another sign for each head; null where none are shown. */
      signs(sign: ((layer: number, head: number) => HeadTypeSign) | null): void;
      /** Whether there is to be room for signs. */
      room(room: boolean): void;
    },
  ) {
    const { panel } = context;
    this.panel = panel;
    this.offer = button({
      text: 'Classify heads',
      title: 'Run a short built-in text, or a picture, through the model and see what each head does most.',
      press: () => {
        panel.channel.request('classifyHeads', null).catch((error: unknown) => {
          context.reportError(error);
        });
      },
    });
    this.element = h('div', { class: 'head-types-switch' }, this.toggle, this.offer);
    this.box.addEventListener('change', () => {
      this.label(this.box.checked);
    });
    this.draw();
    this.life.add(
      panel.store.watch(
        ({ headTypes }) => headTypes,
        (state) => {
          if (state !== null) this.take(state);
        },
      ),
      panel.store.follow(
        ({ content }) => (content.kind === 'inspection' ? content.summary : null),
        (summary) => {
          void this.ask(summary);
        },
      ),
    );
  }

  dispose(): void {
    this.life.dispose();
  }

  private label(labelled: boolean): void {
    this.labelled = labelled;
    this.context.changed();
    this.draw();
  }

  /** Takes on what the host knows now. */
  private take(state: HeadTypesState): void {
    const found = this.state.kind === 'unknown' && state.kind === 'known';
    this.state = state;
    this.answered = true;
    // What the user asked for is shown when it comes.
    this.label(found || this.labelled);
  }

  private async ask(summary: InspectionSummary | null): Promise<void> {
    if (summary === null) return;
    try {
      const state = await this.panel.channel.request('headTypes', null);
      if (this.panel.summary !== summary) return;
      this.state = state;
      this.answered = true;
      this.draw();
    } catch (error) {
      this.context.reportError(error);
    }
  }

  private draw(): void {
    const { state } = this;
    const { summary } = this.panel;
    const wanted = this.labelled;
    const stack =
      state.kind === 'known' && summary !== null ? stackOf(state.types.stacks, summary) : undefined;
    this.box.checked = wanted;
    this.toggle.hidden = stack === undefined;
    this.offer.hidden = state.kind !== 'unknown';
    // Room is kept for what is on its way.
    this.shown.room(wanted && (!this.answered || stack !== undefined));
    if (state.kind !== 'known' || stack === undefined || !wanted) {
      this.legend.replaceChildren();
      this.legend.hidden = true;
      this.shown.signs(null);
      return;
    }
    const { types } = state;
    this.legend.hidden = false;
    this.legend.replaceChildren(headTypesLegend(types, stack));
    this.shown.signs((layer, head) => signOf(types, stack, layer, head));
  }
}

/** The attention that is shown, where its layers and heads are those that were probed. */
function stackOf(stacks: readonly StackHeadTypes[], summary: InspectionSummary): StackHeadTypes | undefined {
  const chosen = summary.parameters.find(({ name }) => name === 'attention')?.value ?? 'self';
  // Of an image that is compared with captions: it is probed by itself.
  const attention = chosen === 'image' ? 'self' : chosen;
  return stacks.find(
    ({ stack, layers, heads }) => stack === attention && layers === summary.layers && heads === summary.heads,
  );
}

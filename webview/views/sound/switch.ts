import { h } from '../../dom.js';
import type { Panel } from '../../panel.js';
import type { Shown } from './shown.js';
import { alignmentStep, weightsStep } from './shown.js';
import { soundStrings } from './strings.js';

/** Which matrix lies under the time axis: attention, or what alignment made of it. Each bears its own name. */
export class Switch {
  private readonly attention: HTMLButtonElement;
  private readonly alignment: HTMLButtonElement;
  private readonly choice: HTMLElement;
  private readonly path = h('input', { attributes: { type: 'checkbox' } });
  readonly element: HTMLElement;

  constructor(panel: Panel, events: { path(drawn: boolean): void }) {
    const choose = (hint: string, step: typeof weightsStep): HTMLButtonElement => {
      const button = h('button', { class: 'sound-choice', title: hint, attributes: { type: 'button' } });
      button.addEventListener('click', () => {
        const { summary } = panel;
        const wanted = summary === null ? undefined : step(summary);
        if (wanted !== undefined) panel.openStep(wanted);
      });
      return button;
    };
    this.attention = choose(soundStrings.attentionHint, weightsStep);
    this.alignment = choose(soundStrings.alignmentHint, alignmentStep);
    this.choice = h(
      'div',
      { class: 'sound-choices', attributes: { role: 'group', 'aria-label': soundStrings.shown } },
      this.attention,
      this.alignment,
    );
    this.path.addEventListener('change', () => {
      events.path(this.path.checked);
    });
    this.element = h(
      'div',
      { class: 'sound-switch' },
      this.choice,
      h('label', { class: 'sound-check', title: soundStrings.pathHint }, this.path, soundStrings.path),
    );
  }

  show({ summary, matrix, layer, head }: Shown, heads: number | null, path: boolean): void {
    this.element.hidden = summary.aligns !== true;
    this.choice.hidden = alignmentStep(summary) === undefined;
    const perHead = weightsStep(summary)?.perHead === true;
    this.attention.textContent = perHead
      ? soundStrings.attention(layer, head)
      : soundStrings.sharedAttention(layer);
    this.alignment.textContent = soundStrings.alignment(heads);
    this.attention.setAttribute('aria-pressed', String(matrix?.kind === 'attention'));
    this.alignment.setAttribute('aria-pressed', String(matrix?.kind === 'alignment'));
    this.path.checked = path;
  }
}

import './control.css';
import { h, uniqueId } from '../../dom.js';
import { Popup } from '../../controls/popup.js';
import type { Legend } from '../legend.js';
import type { LeftOut, ScaleChoice } from '../../../src/drawing/colors/choice.js';
import { leftOutKeys, mapNames, oneOf, scaleKinds } from '../../../src/drawing/colors/choice.js';
import type { Ground } from '../../../src/drawing/colors/maps.js';
import { tableOf } from '../../../src/drawing/colors/maps.js';
import { kindTitles, leftOutTitles, mapTitles, scaleStrings } from '../../../src/drawing/colors/strings.js';

/** What can be chosen of the scale that is shown. */
export interface ScaleOffer {
  readonly choice: ScaleChoice;
  /** The maximum that is drawn. */
  readonly maximum: number;
  readonly of: 'weights' | 'signed';
  /** Which keys there are to be left out. */
  readonly leaveOut: readonly LeftOut[];
  readonly ground: Ground;
}

interface Segment {
  readonly value: string;
  readonly title: string;
  readonly hint?: string;
}

/** The legend as a button: it opens a list of what can be changed of the colours. */
export class ScaleControl {
  private readonly popup: Popup;
  readonly element: HTMLElement;
  private offer: ScaleOffer | null = null;

  constructor(
    legend: Legend,
    private readonly change: (changes: Partial<ScaleChoice>) => void,
    private readonly reset: () => void,
  ) {
    const button = h(
      'button',
      { class: 'scale-button', title: `${scaleStrings.title}…`, attributes: { type: 'button' } },
      legend.element,
    );
    this.popup = new Popup({
      title: scaleStrings.title,
      button,
      focus: 'input:checked',
      opening: () => {
        this.popup.body.replaceChildren();
        this.write();
      },
    });
    this.element = this.popup.element;
  }

  dispose(): void {
    this.popup.dispose();
  }

  show(offer: ScaleOffer): void {
    this.offer = offer;
    if (this.popup.isOpen) this.write();
  }

  private write(): void {
    const { offer } = this;
    if (offer === null) return;
    const { choice, of } = offer;
    const focused =
      document.activeElement instanceof HTMLInputElement ? document.activeElement.dataset['at'] : undefined;
    const parts = [
      this.segments(
        scaleStrings.kind,
        'kind',
        scaleKinds.map((value) => ({ value, ...kindTitles[value] })),
        choice.kind,
        (value) => {
          const kind = oneOf(scaleKinds, value);
          if (kind !== undefined) this.change({ kind });
        },
      ),
      this.maximum(offer),
    ];
    if (of === 'weights') {
      parts.push(this.colours(offer));
      if (offer.leaveOut.length > 1) {
        parts.push(
          this.segments(
            scaleStrings.leaveOut,
            'leaveOut',
            offer.leaveOut.map((value) => ({ value, title: leftOutTitles[value] })),
            choice.leaveOut,
            (value) => {
              const leaveOut = oneOf(leftOutKeys, value);
              if (leaveOut !== undefined) this.change({ leaveOut });
            },
          ),
        );
      }
    }
    const reset = h('button', {
      class: 'scale-reset',
      text: scaleStrings.reset,
      attributes: { type: 'button' },
    });
    reset.addEventListener('click', this.reset);
    this.popup.body.replaceChildren(...parts, reset);
    if (focused !== undefined) {
      this.popup.body.querySelector<HTMLInputElement>(`input[data-at="${focused}"]`)?.focus();
    }
  }

  private segments(
    title: string,
    name: string,
    segments: readonly Segment[],
    value: string,
    choose: (value: string) => void,
    sign?: (value: string) => HTMLElement,
  ): HTMLElement {
    const group = uniqueId(name);
    const choices = segments.map((segment) => {
      const input = h('input', {
        attributes: {
          type: 'radio',
          name: group,
          value: segment.value,
          'data-at': `${name}-${segment.value}`,
        },
      });
      input.checked = segment.value === value;
      input.addEventListener('change', () => {
        if (input.checked) choose(segment.value);
      });
      const options = segment.hint === undefined ? {} : { title: segment.hint };
      return h(
        'label',
        { class: 'scale-segment', ...options },
        input,
        h(
          'span',
          { class: 'scale-segment-text' },
          ...(sign === undefined ? [] : [sign(segment.value)]),
          segment.title,
        ),
      );
    });
    return h(
      'fieldset',
      { class: 'scale-row' },
      h('legend', { text: title }),
      h('div', { class: 'scale-segments' }, ...choices),
    );
  }

  private maximum({ choice, maximum }: ScaleOffer): HTMLElement {
    const perRow = choice.kind === 'row';
    const row = this.segments(
      scaleStrings.maximum,
      'maximum',
      [
        { value: 'automatic', title: scaleStrings.automatic },
        { value: 'set', title: scaleStrings.set },
      ],
      choice.maximum === 'automatic' ? 'automatic' : 'set',
      (value) => {
        this.change({ maximum: value === 'automatic' ? 'automatic' : rounded(maximum) });
      },
    );
    const field = h('input', {
      class: 'field',
      attributes: {
        type: 'number',
        min: '0',
        step: 'any',
        value: String(rounded(maximum)),
        'aria-label': scaleStrings.maximumValue,
        'data-at': 'maximum-number',
      },
    });
    field.addEventListener('change', () => {
      const value = field.valueAsNumber;
      if (Number.isFinite(value) && value > 0) this.change({ maximum: value });
      else field.value = String(rounded(maximum));
    });
    for (const input of [...row.querySelectorAll('input'), field]) input.disabled = perRow;
    row.classList.toggle('unneeded', perRow);
    row.querySelector('.scale-segments')?.append(field);
    return row;
  }

  private colours({ choice, ground }: ScaleOffer): HTMLElement {
    return this.segments(
      scaleStrings.map,
      'map',
      mapNames.map((value) => ({ value, title: mapTitles[value] })),
      choice.map,
      (value) => {
        const map = oneOf(mapNames, value);
        if (map !== undefined) this.change({ map });
      },
      (value) => {
        const swatch = h('canvas', { class: 'scale-swatch', attributes: { 'aria-hidden': 'true' } });
        swatch.width = 256;
        swatch.height = 1;
        const table = tableOf(oneOf(mapNames, value) ?? 'cividis', ground);
        swatch.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(table), 256, 1), 0, 0);
        return swatch;
      },
    );
  }
}

/** Three digits are enough to begin with. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

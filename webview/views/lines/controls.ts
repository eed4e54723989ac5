import type { InspectionSummary } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import type { Threshold } from '../../controls/threshold.js';
import { threshold } from '../../controls/threshold.js';
import type { DropdownControl } from '../../controls/ui.js';
import { dropdown } from '../../controls/ui.js';
import type { LinesSettings } from './settings.js';
import { arrangements, headChoices, isOneText, sentencesOf } from './settings.js';
import { linesStrings } from './strings.js';

/** The controls above the lines. */
export class LinesControls {
  private readonly heads: DropdownControl;
  private readonly arrangement: DropdownControl;
  private readonly least: Threshold;
  private sentences: DropdownControl | null = null;
  private readonly between = h('div');
  readonly element: HTMLElement;
  private offered = '';

  constructor(private readonly change: (changes: Partial<LinesSettings>) => void) {
    this.heads = dropdown({
      label: linesStrings.heads,
      choices: headChoices.map((value) => ({ value, title: linesStrings[value] })),
      value: 'one',
      change: (value) => {
        change({ heads: headChoices.find((each) => each === value) ?? 'one' });
      },
    });
    this.arrangement = dropdown({
      label: linesStrings.arrangement,
      choices: arrangements.map((value) => ({ value, title: linesStrings[value] })),
      value: 'columns',
      change: (value) => {
        change({ arrangement: value === 'arcs' ? value : 'columns' });
      },
    });
    this.least = threshold(linesStrings.threshold, linesStrings.thresholdHint, () => {
      change({ threshold: this.least.value });
    });
    this.element = h(
      'div',
      { class: 'lines-controls', attributes: { role: 'group', 'aria-label': linesStrings.controls } },
      this.heads.element,
      this.arrangement.element,
      this.between,
      this.least.element,
    );
  }

  show(settings: LinesSettings, summary: InspectionSummary): void {
    this.heads.set(settings.heads);
    this.arrangement.set(settings.arrangement);
    this.arrangement.element.hidden = !isOneText(summary);
    this.least.set(settings.threshold);
    const choices = sentenceChoices(summary);
    const offered = JSON.stringify(choices);
    if (offered !== this.offered) {
      this.offered = offered;
      this.sentences =
        choices.length < 2
          ? null
          : dropdown({
              label: linesStrings.sentences,
              choices,
              value: '',
              change: (sentences) => {
                this.change({ sentences });
              },
            });
      this.between.replaceChildren(...(this.sentences === null ? [] : [this.sentences.element]));
      this.between.hidden = this.sentences === null;
    }
    this.sentences?.set(choices.some(({ value }) => value === settings.sentences) ? settings.sentences : '');
  }
}

function sentenceChoices(summary: InspectionSummary): { readonly value: string; readonly title: string }[] {
  const from = sentencesOf(summary.queries, summary.media);
  const to = sentencesOf(summary.keys, summary.media);
  return [
    { value: '', title: linesStrings.everything },
    ...from.flatMap((query, at) =>
      to.map((key, other) => ({ value: `${at}-${other}`, title: linesStrings.fromTo(query.name, key.name) })),
    ),
  ];
}

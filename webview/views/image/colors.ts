import { h } from '../../dom.js';
import { Legend } from '../../draw/legend.js';
import type { LeftOut } from '../../../src/drawing/colors/choice.js';
import { ScaleControl } from '../../draw/scale/control.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { scaleOf } from '../../../src/drawing/colors/scale.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { offeredLeaveOut } from '../../../src/drawing/colors/left-out.js';
import type { Shown } from './shown.js';
import type { Values } from './values.js';

/** The colours of attention over an image, as chosen for the heatmap too, and the legend that says and changes them. */
export class ImageColors {
  private readonly legend = new Legend();
  private readonly control: ScaleControl;
  readonly element: HTMLElement;

  constructor(private readonly panel: Panel) {
    this.control = new ScaleControl(
      this.legend,
      (changes) => {
        panel.color(changes);
      },
      () => {
        panel.resetColors();
      },
    );
    this.element = h('div', { class: 'heatmap-scale' }, this.control.element);
  }

  dispose(): void {
    this.control.dispose();
  }

  /** Which keys can be left out of what is shown; columns are not renormalised. */
  offered({ summary, step, direction }: Shown): readonly LeftOut[] {
    return direction === 'row' ? offeredLeaveOut(summary, step) : ['nothing'];
  }

  leftOut(shown: Shown): LeftOut {
    const { leaveOut } = this.panel.store.get().scale;
    return this.offered(shown).includes(leaveOut) ? leaveOut : 'nothing';
  }

  /** From 0 to the largest that is on the image, where no other maximum was set. */
  scale({ step }: Shown, { minimum, maximum }: Values, { ground }: Theme): ColorScale {
    const { kind, map, maximum: set } = this.panel.store.get().scale;
    const ends =
      set === 'automatic' || kind === 'row'
        ? { minimum, maximum }
        : { minimum: step.scale === 'weights' ? minimum : -set, maximum: set };
    return scaleOf({ of: step.scale, kind, map, ground, ...ends });
  }

  show(shown: Shown, quantity: string, values: Values, scale: ColorScale, { ground }: Theme): void {
    const { minimum, maximum, anyMasked } = values;
    const leaveOut = this.leftOut(shown);
    this.legend.show(quantity, scale, {
      masked: anyMasked,
      beyond: minimum < scale.low || maximum > scale.high,
      without: leaveOut === 'nothing' ? 'masked' : 'masked or left out',
    });
    this.control.show({
      choice: { ...this.panel.store.get().scale, leaveOut },
      maximum: scale.high,
      of: shown.step.scale,
      leaveOut: this.offered(shown),
      ground,
    });
  }
}

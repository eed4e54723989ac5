import type { Step } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { Legend } from '../../draw/legend.js';
import { ScaleControl } from '../../draw/scale/control.js';
import { matrixScale } from '../../../src/drawing/colors/matrix-scale.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { scaleStrings } from '../../../src/drawing/colors/strings.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import type { MatrixLayers } from '../heatmap/layers.js';
import { isExact } from '../../../src/drawing/slices.js';

/** The colours of the matrix along the time axis, as chosen for the heatmap too, and the legend that says and changes them. */
export class SoundColors {
  private readonly legend = new Legend();
  private readonly control: ScaleControl;
  readonly element: HTMLElement;
  scale: ColorScale | null = null;

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

  /** Frames are left as they are: none of them is a special token. */
  update(step: Step, caption: string, { overview, detail }: MatrixLayers, { ground }: Theme): void {
    if (overview === null) return;
    const choice = this.panel.store.get().scale;
    const whole = step.scale === 'weights' || isExact(overview);
    const { minimum, maximum } = overview;
    const made = matrixScale({
      ...{ of: step.scale, choice, ground, overview },
      detail: whole ? null : detail,
      range: whole ? { minimum, maximum } : null,
    });
    this.scale = made.scale;
    this.legend.show(caption, made.scale, {
      masked: made.masked,
      beyond: made.beyond,
      perRow: choice.kind === 'row',
      // Which frames they are is to be seen in the picture.
      note: made.note.sinks.length > 0 || made.note.rows ? scaleStrings.rows : '',
    });
    this.control.show({
      choice: { ...choice, leaveOut: 'nothing' },
      maximum: made.scale.high,
      of: step.scale,
      leaveOut: ['nothing'],
      ground,
    });
  }
}

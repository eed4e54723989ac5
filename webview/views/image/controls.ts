import { placeNumber } from '../../../src/common/counting.js';
import { check, slider } from '../../controls/inputs.js';
import type { Check, Slider } from '../../controls/inputs.js';
import { Popup } from '../../controls/popup.js';
import { h } from '../../dom.js';
import type { LeftOut } from '../../../src/drawing/colors/choice.js';
import type { DropdownControl } from '../../controls/ui.js';
import { dropdown } from '../../controls/ui.js';
import type { Settings } from './settings.js';
import { imageStrings } from './strings.js';

/** What can be set of what is shown now. */
export interface Settable {
  /** Whether rows as well as columns lie on the image. */
  readonly directions: boolean;
  /** Whether there is more than one head to be made one. */
  readonly heads: boolean;
  /** The last layer of a rollout, where there can be one. */
  readonly rollout: number | null;
  readonly areWeights: boolean;
  /** Whether patches are a grid: else each is drawn by itself. */
  readonly grid: boolean;
  /** Which keys can be left out, and which are. */
  readonly leaveOut: readonly LeftOut[];
  readonly leftOut: LeftOut;
}

/** The controls above an image. */
export class ImageControls {
  private readonly direction: DropdownControl;
  private readonly heads: DropdownControl;
  private readonly rollout: DropdownControl;
  private readonly from: Slider;
  private readonly residual: Slider;
  private readonly drawing: DropdownControl;
  private readonly opacity: Slider;
  private readonly keep: Slider;
  private readonly contours: Check;
  private readonly grid: Check;
  private readonly leaveOut: Check;
  private readonly side: Check;
  private readonly table: Check;
  private readonly display: Popup;
  readonly element: HTMLElement;

  constructor(change: (changes: Partial<Settings>) => void, leaveOut: (special: boolean) => void) {
    const { row, column, mean, max, cells, smooth } = imageStrings;
    this.direction = dropdown({
      label: imageStrings.direction,
      choices: [
        { value: 'row', title: row },
        { value: 'column', title: column },
      ],
      value: 'row',
      change: (value) => {
        change({ direction: value === 'column' ? value : 'row' });
      },
    });
    this.heads = dropdown({
      label: imageStrings.heads,
      choices: [
        { value: 'one', title: imageStrings.one },
        { value: 'mean', title: mean },
        { value: 'max', title: max },
        { value: 'rollout', title: imageStrings.rollout },
      ],
      value: 'one',
      change: (value) => {
        change({ heads: value === 'mean' || value === 'max' || value === 'rollout' ? value : 'one' });
      },
    });
    this.rollout = dropdown({
      label: imageStrings.across,
      choices: [
        { value: 'mean', title: imageStrings.acrossMean },
        { value: 'max', title: imageStrings.acrossMax },
      ],
      value: 'mean',
      change: (value) => {
        change({ across: value === 'max' ? value : 'mean' });
      },
    });
    this.from = slider(
      { title: imageStrings.from, least: 0, text: (layer) => String(placeNumber(layer)) },
      (from) => {
        change({ from });
      },
    );
    this.residual = slider(
      { title: imageStrings.residual, least: 0, most: 99, hint: imageStrings.residualHint },
      (percent) => {
        change({ residual: percent / 100 });
      },
    );
    this.drawing = dropdown({
      label: imageStrings.drawing,
      choices: [
        { value: 'cells', title: cells },
        { value: 'smooth', title: smooth },
      ],
      value: 'cells',
      change: (value) => {
        change({ drawing: value === 'smooth' ? value : 'cells' });
      },
    });
    this.opacity = slider({ title: imageStrings.opacity, least: 0 }, (percent) => {
      change({ opacity: percent / 100 });
    });
    this.keep = slider({ title: imageStrings.keep, least: 1, hint: imageStrings.keepHint }, (percent) => {
      change({ keep: percent / 100 });
    });
    this.contours = check(imageStrings.contours, imageStrings.contoursHint, (contours) => {
      change({ contours });
    });
    this.grid = check(imageStrings.grid, '', (grid) => {
      change({ grid });
    });
    this.leaveOut = check(imageStrings.leaveOut, imageStrings.leaveOutHint, leaveOut);
    this.side = check(imageStrings.side, imageStrings.sideHint, (side) => {
      change({ side });
    });
    this.table = check(imageStrings.table, imageStrings.tableHint, (table) => {
      change({ table });
    });
    this.display = new Popup({
      title: imageStrings.display,
      button: h('button', {
        class: 'menu-button',
        text: imageStrings.display,
        attributes: { type: 'button' },
      }),
    });
    this.display.body.append(
      ...[this.opacity, this.keep, this.contours, this.grid, this.leaveOut, this.table].map(
        ({ element }) => element,
      ),
    );
    this.element = h(
      'div',
      { class: 'image-controls', attributes: { role: 'group', 'aria-label': imageStrings.controls } },
      ...[this.direction, this.heads, this.rollout, this.from, this.residual, this.drawing, this.side].map(
        ({ element }) => element,
      ),
      this.display.element,
    );
  }

  dispose(): void {
    this.display.dispose();
  }

  show(
    settings: Settings,
    { directions, heads, rollout, areWeights, grid, leaveOut, leftOut }: Settable,
  ): void {
    this.direction.set(settings.direction);
    this.direction.element.hidden = !directions;
    this.heads.set(settings.heads);
    this.heads.element.hidden = !heads || !areWeights;
    // There are heads to be made one, or layers to be multiplied.
    this.heads.offer('rollout', rollout !== null);
    const rolls = rollout !== null && areWeights && settings.heads === 'rollout';
    this.rollout.set(settings.across);
    this.from.set(Math.min(settings.from, rollout ?? 0), rollout ?? 0);
    this.residual.set(Math.round(settings.residual * 100));
    for (const { element } of [this.rollout, this.from, this.residual]) element.hidden = !rolls;
    this.drawing.set(settings.drawing);
    this.drawing.element.hidden = !grid;
    this.opacity.set(Math.round(settings.opacity * 100));
    this.keep.set(Math.round(settings.keep * 100));
    this.keep.element.hidden = !areWeights;
    this.contours.set(settings.contours);
    this.contours.element.hidden = !grid;
    this.grid.set(settings.grid);
    this.leaveOut.set(leftOut === 'special');
    this.leaveOut.element.hidden = !leaveOut.includes('special');
    this.side.set(settings.side);
    this.side.element.hidden = !heads;
    this.table.set(settings.table);
  }
}

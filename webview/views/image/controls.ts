import { h } from '../../dom.js';
import type { LeftOut } from '../../draw/scale/choice.js';
import type { DropdownControl } from '../../ui.js';
import { dropdown } from '../../ui.js';
import type { Settings } from './settings.js';
import { imageStrings } from './strings.js';

/** What can be set of what is shown now. */
export interface Settable {
  /** Whether rows as well as columns lie on the image. */
  readonly directions: boolean;
  /** Whether there is more than one head to be made one. */
  readonly heads: boolean;
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
  private readonly drawing: DropdownControl;
  private readonly opacity: Slider;
  private readonly keep: Slider;
  private readonly contours: Check;
  private readonly grid: Check;
  private readonly leaveOut: Check;
  private readonly side: Check;
  private readonly table: Check;
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
      ],
      value: 'one',
      change: (value) => {
        change({ heads: value === 'mean' || value === 'max' ? value : 'one' });
      },
    });
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
    this.opacity = slider(imageStrings.opacity, 0, '', (opacity) => {
      change({ opacity });
    });
    this.keep = slider(imageStrings.keep, 0.01, imageStrings.keepHint, (keep) => {
      change({ keep });
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
    this.element = h(
      'div',
      { class: 'image-controls', attributes: { role: 'group', 'aria-label': imageStrings.controls } },
      ...[this.direction, this.heads, this.drawing, this.opacity, this.keep].map(({ element }) => element),
      ...[this.contours, this.grid, this.leaveOut, this.side, this.table].map(({ element }) => element),
    );
  }

  show(settings: Settings, { directions, heads, areWeights, grid, leaveOut, leftOut }: Settable): void {
    this.direction.set(settings.direction);
    this.direction.element.hidden = !directions;
    this.heads.set(settings.heads);
    this.heads.element.hidden = !heads || !areWeights;
    this.drawing.set(settings.drawing);
    this.drawing.element.hidden = !grid;
    this.opacity.set(settings.opacity);
    this.keep.set(settings.keep);
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

interface Slider {
  readonly element: HTMLElement;
  set(share: number): void;
}

/** A share as per cent. */
function slider(title: string, least: number, hint: string, change: (share: number) => void): Slider {
  const input = h('input', {
    class: 'slider',
    attributes: { type: 'range', min: String(least * 100), max: '100', step: '1', 'aria-label': title },
  });
  const said = h('span', { class: 'number image-percent', attributes: { 'aria-hidden': 'true' } });
  const show = (percent: number): void => {
    const text = `${percent} %`;
    said.textContent = text;
    input.setAttribute('aria-valuetext', text);
  };
  input.addEventListener('input', () => {
    show(input.valueAsNumber);
    change(input.valueAsNumber / 100);
  });
  return {
    element: h(
      'label',
      { class: 'image-slider', ...(hint === '' ? {} : { title: hint }) },
      title,
      input,
      said,
    ),
    set: (share) => {
      const percent = Math.round(share * 100);
      input.value = String(percent);
      show(percent);
    },
  };
}

interface Check {
  readonly element: HTMLElement;
  set(on: boolean): void;
}

function check(title: string, hint: string, change: (on: boolean) => void): Check {
  const input = h('input', { attributes: { type: 'checkbox' } });
  input.addEventListener('change', () => {
    change(input.checked);
  });
  return {
    element: h('label', { class: 'image-check', ...(hint === '' ? {} : { title: hint }) }, input, title),
    set: (on) => {
      input.checked = on;
    },
  };
}

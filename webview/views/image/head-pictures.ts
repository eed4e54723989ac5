import type { Slice } from '../../../src/protocol.js';
import { placeNumber } from '../../../src/common/counting.js';
import { h, settled } from '../../dom.js';
import type { Fusion } from '../../draw/fusion.js';
import { fuseHeads } from '../../draw/fusion.js';
import { resize } from '../../draw/painter.js';
import { roving } from '../../controls/roving.js';
import type { Theme } from '../../theme.js';
import type { Heat } from './painter.js';
import { paintHeat, paintOriginal } from './painter.js';
import type { Shown } from './shown.js';
import { extentOf } from './stage.js';
import { imageStrings } from './strings.js';

/** Sides of a small picture, in CSS pixels. */
const longest = 84;
/** How long what is shown rests before its heads are asked for, in milliseconds. */
const restBeforeAsking = 60;

export interface HeadPicturesEvents {
  /** Asks for the row or column of each head. */
  ask(shown: Shown): Promise<readonly Slice[]>;
  /** The colours of one row or column, by its own largest number. */
  heat(shown: Shown, data: Float32Array): Heat;
  head(head: number): void;
  fused(by: Fusion): void;
  failed(error: unknown): void;
}

/** What small pictures are drawn with. */
export interface HeadPicturesLook {
  readonly image: HTMLCanvasElement | null;
  readonly opacity: number;
  /** Null until something is drawn. */
  readonly theme: Theme | null;
  /** Which of them is open. */
  readonly open: number | Fusion | 'rollout';
}

interface Tile {
  readonly of: number | Fusion;
  readonly button: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
}

const fusions: readonly Fusion[] = ['mean', 'max'];

/** The row that is shown in every head of the layer, side by side, with their mean and maximum: each opens what it shows. */
export class HeadPictures {
  private readonly title = h('h2', { class: 'section-title' });
  private readonly list = h('div', { class: 'image-heads-list', attributes: { role: 'toolbar' } });
  readonly element = h(
    'div',
    { class: 'image-heads' },
    h(
      'div',
      { class: 'section-head' },
      this.title,
      h('span', { class: 'section-aside', text: imageStrings.headsHint }),
    ),
    this.list,
  );
  private readonly rove = roving(this.list);
  private tiles: readonly Tile[] = [];
  private shown: Shown | null = null;
  private key = '';
  private lines: { readonly key: string; readonly data: readonly Float32Array[] } | null = null;
  private look: HeadPicturesLook = { image: null, opacity: 1, theme: null, open: 0 };
  /** What was drawn, while its numbers and colours are the same. */
  private readonly heats = new Map<number | Fusion, Heat>();
  private asking: object | null = null;
  private readonly rest = settled(restBeforeAsking, () => {
    void this.ask();
  });

  constructor(private readonly events: HeadPicturesEvents) {
    this.element.hidden = true;
  }

  dispose(): void {
    this.rest.drop();
    this.asking = null;
  }

  /** Null where there is one head only, or they are not to be seen. */
  show(shown: Shown | null, layer: number): void {
    this.element.hidden = shown === null;
    this.shown = shown;
    if (shown === null) return;
    const { summary, step, direction, source } = shown;
    const title = imageStrings.headsTitle(layer);
    this.title.textContent = title;
    this.list.setAttribute('aria-label', title);
    const names: (number | Fusion)[] = [
      ...(step.scale === 'weights' ? fusions : []),
      ...Array.from({ length: summary.heads }, (_, head) => head),
    ];
    if (names.length !== this.tiles.length || names.some((name, at) => name !== this.tiles[at]?.of)) {
      this.tiles = names.map((name) => this.tile(name));
      this.list.replaceChildren(...this.tiles.map(({ button }) => button));
    }
    const { width, height } = extentOf(shown.patches);
    for (const { canvas } of this.tiles) {
      canvas.style.aspectRatio = `${width} / ${height}`;
      canvas.style.width = `${(longest * width) / Math.max(width, height)}px`;
    }
    const key = JSON.stringify([summary.id, summary.revision, layer, step.name, direction, source]);
    if (key === this.key) return;
    this.key = key;
    this.asking = null;
    this.rest.ask();
  }

  /** The colours are to be others. */
  forget(): void {
    this.heats.clear();
  }

  /** Draws what has come anew, where it looks otherwise now. */
  draw(look: HeadPicturesLook): void {
    const before = this.look;
    this.look = look;
    const { shown, lines } = this;
    for (const { of, button } of this.tiles) button.setAttribute('aria-pressed', String(of === look.open));
    this.rove.stop(this.tiles.find(({ of }) => of === look.open)?.button ?? null);
    // What was drawn stays until the rows of what is shown now have come.
    if (shown === null || lines?.key !== this.key || this.element.hidden !== false) return;
    const { image, opacity, theme } = look;
    const same = before.image === image && before.opacity === opacity && before.theme === theme;
    if (same && this.heats.size > 0) return;
    for (const { of, canvas } of this.tiles) {
      const data = typeof of === 'number' ? lines.data[of] : fuseHeads(lines.data, of);
      if (data === undefined) continue;
      const heat = this.heats.get(of) ?? this.events.heat(shown, data);
      this.heats.set(of, heat);
      this.paint(canvas, shown, heat);
    }
  }

  private tile(of: number | Fusion): Tile {
    const canvas = h('canvas', { class: 'image-head-picture', attributes: { 'aria-hidden': 'true' } });
    const title = typeof of === 'number' ? imageStrings.headName(of) : imageStrings[of];
    const text = typeof of === 'number' ? String(placeNumber(of)) : imageStrings.fusedShort[of];
    const button = h(
      'button',
      { class: 'image-head-tile', title, attributes: { type: 'button', 'aria-label': title } },
      canvas,
      h('span', { class: 'number', text }),
    );
    button.addEventListener('click', () => {
      if (typeof of === 'number') this.events.head(of);
      else this.events.fused(of);
    });
    return { of, button, canvas };
  }

  private paint(canvas: HTMLCanvasElement, { patches }: Shown, heat: Heat): void {
    const extent = extentOf(patches);
    const scale = longest / Math.max(extent.width, extent.height);
    const ratio = window.devicePixelRatio;
    resize(canvas, extent.width * scale, extent.height * scale, ratio);
    const context = canvas.getContext('2d');
    if (context === null) return;
    const { image, opacity, theme } = this.look;
    const pixel = scale * ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(pixel, 0, 0, pixel, -extent.x * pixel, -extent.y * pixel);
    if (image !== null && theme !== null) paintOriginal(context, { image, patches, extent, theme }, pixel);
    context.globalAlpha = opacity;
    paintHeat(context, patches, heat);
    context.globalAlpha = 1;
  }

  private async ask(): Promise<void> {
    const { shown, key } = this;
    if (shown === null) return;
    const asking = {};
    this.asking = asking;
    try {
      const lines = await this.events.ask(shown);
      if (this.asking !== asking) return;
      this.heats.clear();
      this.lines = { key, data: lines.map(({ data }) => data) };
      this.draw(this.look);
    } catch (error) {
      if (this.asking !== asking) return;
      this.key = '';
      this.events.failed(error);
    }
  }
}

import type { LayerBox, LayerPicture, LayerStack } from '../../../src/protocol.js';
import { h, uniqueId } from '../../dom.js';
import { prose } from '../../draw/prose.js';
import { renderTex } from '../../draw/tex.js';
import { reasonOf } from '../../../src/common/values.js';
import { button, dropdown, type DropdownControl } from '../../controls/ui.js';
import { svg } from '../plots/svg.js';
import { place, type Placed, type PlacedBox, type Point } from './layout.js';
import { placeNumber } from '../../../src/common/counting.js';

/** The sizes of a box, in CSS pixels. */
const [widest, ...narrower] = [172, 148, 124];
const height = 38;

const groups: Readonly<Record<LayerBox['group'], string>> = {
  stream: 'Residual stream and norms',
  attention: 'Attention',
  'cross-attention': 'Attention to the source',
  'feed-forward': 'Feed-forward',
};

/** A layer's graph as a picture; a box that is picked says what it is. */
export class LayerView {
  private stack = 0;
  private layer = 0;
  private asked = 0;
  private shown:
    { readonly picture: LayerPicture; readonly width: number; picked: number | undefined } | undefined;
  private readonly frame = h('div', { class: 'layer-frame' });
  private readonly legend = h('ul', { class: 'layer-legend', attributes: { 'aria-label': 'Colours' } });
  private readonly detail = h('div', { class: 'layer-detail', attributes: { 'aria-live': 'polite' } });
  private readonly controls = h('div', { class: 'layer-controls' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  readonly element: HTMLElement;
  private layers: DropdownControl | undefined;

  constructor(
    private readonly stacks: readonly LayerStack[],
    private readonly ask: (place: { stack: number; layer: number }) => Promise<LayerPicture>,
  ) {
    this.problem.hidden = true;
    this.element = h(
      'div',
      { class: 'layer' },
      this.controls,
      this.problem,
      h(
        'div',
        { class: 'layer-body' },
        h('div', { class: 'layer-scroller' }, this.frame),
        h(
          'aside',
          { class: 'layer-side', attributes: { 'aria-label': 'The box that is picked' } },
          this.detail,
          this.legend,
        ),
      ),
    );
    new ResizeObserver(() => {
      if (this.shown === undefined || this.placed(this.shown.picture).width === this.shown.width) return;
      this.draw(this.shown.picture, this.shown.picked);
    }).observe(this.element);
    this.build();
    void this.show();
  }

  private build(): void {
    const { layers = 1 } = this.stacks[this.stack] ?? {};
    const chooseStack = dropdown({
      label: 'Stack',
      choices: this.stacks.map(({ title }, at) => ({ value: String(at), title })),
      value: String(this.stack),
      change: (value) => {
        this.stack = Number(value);
        this.layer = 0;
        this.build();
        void this.show();
      },
    });
    this.layers = dropdown({
      label: 'Layer',
      choices: Array.from({ length: layers }, (_, at) => ({
        value: String(at),
        title: `Layer ${placeNumber(at)}`,
      })),
      value: String(this.layer),
      change: (value) => {
        this.go(Number(value));
      },
    });
    const step = (by: number, text: string, label: string): HTMLElement =>
      button({
        text,
        label,
        title: label,
        look: 'icon',
        press: () => {
          this.go(Math.max(0, Math.min(layers - 1, this.layer + by)));
        },
      });
    this.controls.replaceChildren(
      ...(this.stacks.length > 1 ? [chooseStack.element] : []),
      this.layers.element,
      step(-1, '‹', 'Layer before'),
      step(1, '›', 'Layer after'),
    );
  }

  private go(layer: number): void {
    if (layer === this.layer) return;
    this.layer = layer;
    this.layers?.set(String(layer));
    void this.show();
  }

  private async show(): Promise<void> {
    const asked = ++this.asked;
    try {
      const picture = await this.ask({ stack: this.stack, layer: this.layer });
      if (asked !== this.asked) return;
      this.problem.hidden = true;
      this.draw(picture);
    } catch (error) {
      if (asked !== this.asked) return;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
  }

  /** With the widest boxes that there is room for, else the narrowest. */
  private placed(picture: LayerPicture): Placed {
    let placed = place(picture, { width: widest, height });
    for (const width of narrower) {
      if (placed.width <= this.element.clientWidth) break;
      placed = place(picture, { width, height });
    }
    return placed;
  }

  private draw(picture: LayerPicture, picked?: number): void {
    const placed = this.placed(picture);
    const buttons = new Map<number, HTMLElement>();
    const shown = { picture, width: placed.width, picked };
    this.shown = shown;
    const pick = (box: LayerBox): void => {
      shown.picked = box.id;
      for (const [id, each] of buttons) each.setAttribute('aria-pressed', String(id === box.id));
      this.tell(box);
    };
    this.frame.style.width = `${placed.width}px`;
    this.frame.style.height = `${placed.height}px`;
    const at = new Map(placed.boxes.map((each) => [each.id, each]));
    const elements = picture.boxes.map((box) => {
      const element = boxElement(box, at.get(box.id));
      element.addEventListener('click', () => {
        pick(box);
      });
      buttons.set(box.id, element);
      return element;
    });
    this.frame.replaceChildren(arrowsOf(placed), ...elements);
    const present = new Set(picture.boxes.map(({ group }) => group));
    this.legend.replaceChildren(
      ...Object.entries(groups).flatMap(([group, text]) =>
        [...present].some((each) => each === group)
          ? [h('li', {}, h('span', { class: `layer-swatch layer-${group}` }), h('span', { text }))]
          : [],
      ),
    );
    const before = picture.boxes.find(({ id }) => id === picked);
    const first = before ?? picture.boxes.find(({ tex }) => tex !== undefined);
    if (first !== undefined) pick(first);
  }

  private tell({ title, shape, note, tex }: LayerBox): void {
    const parts: HTMLElement[] = [
      h('h3', { class: 'layer-title', text: title }),
      h('p', { class: 'muted number', text: shape }),
    ];
    if (tex !== undefined) {
      const formula = h('div', { class: 'layer-formula' });
      renderTex(tex, formula);
      parts.push(formula);
    }
    if (note !== '') parts.push(h('p', {}, ...prose(note)));
    this.detail.replaceChildren(...parts);
  }
}

function boxElement({ title, shape, group, kind }: LayerBox, placed: PlacedBox | undefined): HTMLElement {
  const element = h(
    'button',
    {
      class: `layer-box layer-${group}${kind === 'linear' ? ' layer-weighted' : ''}`,
      attributes: { type: 'button', 'aria-pressed': 'false' },
    },
    h('span', { class: 'layer-box-title', text: title }),
    h('span', { class: 'layer-box-shape number', text: shape }),
  );
  if (placed !== undefined) {
    element.style.left = `${placed.x}px`;
    element.style.top = `${placed.y}px`;
    element.style.width = `${placed.width}px`;
    element.style.height = `${placed.height}px`;
  }
  return element;
}

function arrowsOf({ width, height, arrows }: Placed): SVGElement {
  const id = uniqueId('arrow');
  const tip = svg('path', { d: 'M0 0 L6 3 L0 6 Z', class: 'layer-tip' });
  const marker = svg(
    'marker',
    { id, viewBox: '0 0 6 6', refX: 6, refY: 3, markerWidth: 7, markerHeight: 7, orient: 'auto' },
    tip,
  );
  return svg(
    'svg',
    { class: 'layer-arrows', width, height, 'aria-hidden': 'true' },
    svg('defs', {}, marker),
    ...arrows.map(({ points }) =>
      svg('path', { d: curve(points), class: 'layer-arrow', 'marker-end': `url(#${id})` }),
    ),
  );
}

/** A line through the points, with its corners rounded. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const parts = [`M${first.x} ${first.y}`];
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    if (next === undefined) parts.push(`L${point.x} ${point.y}`);
    else parts.push(`Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`);
  });
  return parts.join(' ');
}

import './heads.css';
import type { FigureTheme } from '../../../src/drawing/figure-theme.js';
import { headsFigure } from '../../../src/drawing/heads-figure.js';
import type { InspectionSummary, Span, Thumbnails } from '../../../src/protocol.js';
import { h, settled } from '../../dom.js';
import { thumbnailScales } from './thumbnail-scales.js';
import { paintMatrix } from '../../draw/strip.js';
import { labelStride } from '../../draw/viewport.js';
import { Lifetime } from '../../lifetime.js';
import { hasAttention } from '../../../src/drawing/labels.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import { headPlace, placeNumber } from '../../../src/common/counting.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import type { HeadTypeSign } from './head-types-grid.js';
import { partsOf } from './parts.js';

/** Sides of a thumbnail, in CSS pixels; small ones stand closer. */
const smallest = 9;
const largest = 44;
const spacious = 14;
const labels = 20;
/** Cells from this size on have a letter on their badge, smaller ones its colour alone. */
const lettered = 12;
/** Height of a badge with the space above it. */
const badgeRoom = { letter: 12, colour: 5 } as const;

/** All layers × heads as small pictures; the one that is open is outlined, a click or Enter opens another. */
export class HeadsView {
  private readonly canvas = h('canvas', { class: 'heads-canvas', attributes: { 'aria-hidden': 'true' } });
  private readonly grid = h('div', {
    class: 'heads-grid',
    attributes: { role: 'grid', 'aria-label': 'Heads' },
  });
  private readonly message = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly frame = h('div', { class: 'heads-frame' }, this.canvas, this.grid);
  readonly element = h('div', { class: 'heads-scroller' }, this.frame, this.message);
  private cells: HTMLElement[][] = [];
  /** Of each layer's heads; what has not come yet is not there. */
  private readonly thumbnails = new Map<number, Thumbnails>();
  private size = 0;
  private gap = 2;
  /** Whether there is room for badges under the heads. */
  private badged = false;
  private readonly life = new Lifetime();
  private asking: AbortController | null = null;
  private sign: ((layer: number, head: number) => HeadTypeSign) | null = null;
  private readonly resized = settled(120, () => {
    this.layout();
  });

  constructor(
    private readonly panel: Panel,
    private theme: Theme,
    /** Whether all heads have one scale, or each its own. */
    private oneScale: boolean,
  ) {
    this.message.hidden = true;
    this.grid.addEventListener('keydown', (event) => {
      this.key(event);
    });
    this.life.resized(this.element, this.resized.ask);
    const { store } = panel;
    this.life.add(
      store.follow(
        ({ content }) => (content.kind === 'inspection' ? content.summary : null),
        (summary) => {
          this.rebuild(summary);
        },
      ),
      store.watch(
        ({ position }) => position,
        () => {
          this.mark();
        },
      ),
      store.watch(
        ({ scale }) => scale,
        () => {
          this.paint();
        },
      ),
    );
  }

  dispose(): void {
    this.life.dispose();
    this.resized.drop();
    this.asking?.abort();
    this.asking = null;
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.paint();
  }

  /** All heads as an SVG file. */
  toSvg(theme: FigureTheme): string {
    const { thumbnails, oneScale } = this;
    const { summary } = this.panel;
    if (summary === null || thumbnails.size === 0) throw new Error('The heads have not come yet.');
    const { scale: choice } = this.panel.store.get();
    const scales = thumbnailScales(thumbnails, summary.heads, choice, oneScale, theme.ground);
    // What every row ends by is no number that a legend could say.
    const one = choice.kind !== 'row' && (oneScale || choice.maximum !== 'automatic');
    return headsFigure({ summary, thumbnails, scales, oneScale: one, theme });
  }

  rescale(oneScale: boolean): void {
    this.oneScale = oneScale;
    this.paint();
  }

  /** Keeps room for the badges under the heads, before it is known what they say, or no longer. */
  keepRoom(room: boolean): void {
    if (room === this.badged) return;
    this.badged = room;
    this.grid.classList.toggle('badged', room);
    this.layout();
  }

  /** Labels each head by what it does, or no longer. */
  label(sign: ((layer: number, head: number) => HeadTypeSign) | null): void {
    this.sign = sign;
    for (const [layer, line] of this.cells.entries()) {
      for (const [head, cell] of line.entries()) {
        const type = sign?.(layer, head);
        const name = headPlace(layer, head);
        const text = type === undefined ? name : `${name}: ${type.text}`;
        cell.className = type === undefined ? 'heads-cell' : `heads-cell ${type.class}`;
        if (type === undefined || type.label === '') delete cell.dataset['headType'];
        else cell.dataset['headType'] = type.label;
        cell.title = text;
        cell.setAttribute('aria-label', text);
      }
    }
  }

  private rebuild(summary: InspectionSummary | null): void {
    this.asking?.abort();
    this.message.hidden = true;
    this.element.hidden = summary !== null && !hasAttention(summary);
    if (summary === null || !hasAttention(summary)) {
      this.thumbnails.clear();
      this.cells = [];
      this.grid.replaceChildren();
      this.canvas.width = 0;
      return;
    }
    if (this.cells.length !== summary.layers || this.cells[0]?.length !== summary.heads) {
      this.build(summary);
    }
    void this.fetch(summary);
  }

  private build({ layers, heads }: InspectionSummary): void {
    this.thumbnails.clear();
    const numbers = h('div', { class: 'heads-row', attributes: { role: 'row' } });
    numbers.append(
      h(
        'span',
        { class: 'heads-number', attributes: { role: 'columnheader' } },
        h('span', { class: 'aside', text: 'Layer' }),
      ),
    );
    for (let head = 0; head < heads; head += 1) {
      numbers.append(
        h('span', {
          class: 'heads-number heads-head number',
          text: String(placeNumber(head)),
          attributes: { role: 'columnheader', 'aria-label': `Head ${placeNumber(head)}` },
        }),
      );
    }
    this.cells = [];
    const rows = [numbers];
    for (let layer = 0; layer < layers; layer += 1) {
      const row = h('div', { class: 'heads-row', attributes: { role: 'row' } });
      row.append(
        h('span', {
          class: 'heads-number heads-layer number',
          text: String(placeNumber(layer)),
          attributes: { role: 'rowheader', 'aria-label': `Layer ${placeNumber(layer)}` },
        }),
      );
      const line: HTMLElement[] = [];
      for (let head = 0; head < heads; head += 1) {
        const name = headPlace(layer, head);
        const cell = h('div', {
          class: 'heads-cell',
          title: name,
          attributes: { role: 'gridcell', tabindex: '-1', 'aria-label': name },
        });
        cell.addEventListener('click', () => {
          this.panel.openHead(layer, head);
          cell.focus();
        });
        line.push(cell);
        row.append(cell);
      }
      this.cells.push(line);
      rows.push(row);
    }
    this.grid.replaceChildren(...rows);
    // Known while there is no width yet: what comes into sight later is in its place at once.
    this.grid.style.setProperty('--heads', String(heads));
    this.layout();
    this.mark();
    this.label(this.sign);
  }

  private layout(): void {
    const { summary } = this.panel;
    const width = this.element.clientWidth;
    if (summary === null || width === 0) return;
    const pitch = Math.min(
      Math.floor((width - labels - 6) / summary.heads),
      Math.floor((this.mostHeight() - labels - 4) / summary.layers) - this.badgeHeight,
    );
    this.gap = pitch < spacious ? 1 : 2;
    this.size = Math.max(smallest, Math.min(largest, pitch - this.gap));
    // Numbers that would run into each other are left out.
    const stride = labelStride(this.size + this.gap, spacious);
    const thin = (numbers: Iterable<Element>): void => {
      for (const [index, number] of [...numbers].entries()) {
        number.classList.toggle('left-out', (index + 1) % stride !== 0);
      }
    };
    thin(this.grid.querySelectorAll('.heads-head'));
    thin(this.grid.querySelectorAll('.heads-layer'));
    this.grid.classList.toggle('small', this.size < lettered);
    this.grid.style.setProperty('--cell', `${this.size}px`);
    this.grid.style.setProperty('--gap', `${this.gap}px`);
    this.paint();
    this.reveal();
  }

  /** Where it stands above something else, what that leaves. */
  private mostHeight(): number {
    const most = Number.parseFloat(getComputedStyle(this.element).maxHeight);
    return Number.isFinite(most) ? most : Infinity;
  }

  private get badgeHeight(): number {
    return this.badged ? badgeRoom[this.size < lettered ? 'colour' : 'letter'] : 0;
  }

  private async fetch(summary: InspectionSummary): Promise<void> {
    const asking = new AbortController();
    this.asking = asking;
    await this.panel.matrixShown();
    if (asking.signal.aborted) return;
    try {
      const parts = partsOf(summary, this.panel.store.get().position.layer);
      // Those of another text do not stand among the new ones.
      if (parts.length > 1) this.thumbnails.clear();
      for (const layers of parts) {
        const thumbnails = await this.panel.channel.request(
          'thumbnails',
          { inspection: summary.id, size: 32, ...(parts.length > 1 ? { layers } : {}) },
          { signal: asking.signal },
        );
        if (this.asking !== asking || this.panel.summary !== summary) return;
        if (thumbnails.revision !== summary.revision) return;
        this.take(thumbnails, layers, summary.heads);
        this.paint();
      }
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.message.textContent = reasonOf(error);
      this.message.hidden = false;
    }
  }

  private take({ data, ...rest }: Thumbnails, { start, end }: Span, heads: number): void {
    const area = heads * rest.rows * rest.columns;
    for (let layer = start; layer < end; layer += 1) {
      const own = data.subarray((layer - start) * area, (layer - start + 1) * area);
      this.thumbnails.set(layer, { ...rest, data: own });
    }
  }

  private paint(): void {
    const { thumbnails, size, gap } = this;
    const { summary } = this.panel;
    const context = this.canvas.getContext('2d');
    if (thumbnails.size === 0 || summary === null || context === null || size === 0) return;
    const ratio = window.devicePixelRatio;
    const pitch = size + gap;
    const width = summary.heads * pitch;
    const badge = this.badgeHeight;
    const height = summary.layers * (pitch + badge);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    context.imageSmoothingEnabled = false;
    const small = document.createElement('canvas');
    const { scale: choice } = this.panel.store.get();
    const scales = thumbnailScales(thumbnails, summary.heads, choice, this.oneScale, this.theme.ground);
    for (const [layer, { rows, columns, data }] of thumbnails) {
      for (let head = 0; head < summary.heads; head += 1) {
        const start = head * rows * columns;
        const numbers = data.subarray(start, start + rows * columns);
        const scale = scales.get(layer)?.[head];
        if (scale === undefined) continue;
        paintMatrix(small, numbers, rows, columns, scale, this.theme.maskedRgb);
        const x = Math.round(head * pitch * ratio);
        const y = Math.round(layer * (pitch + badge) * ratio);
        context.drawImage(small, x, y, Math.round(size * ratio), Math.round(size * ratio));
      }
    }
  }

  private mark(): void {
    const { layer, head } = this.panel.store.get().position;
    for (const [l, line] of this.cells.entries()) {
      for (const [at, cell] of line.entries()) {
        const open = l === layer && at === head;
        cell.setAttribute('aria-selected', String(open));
        cell.tabIndex = open ? 0 : -1;
      }
    }
    this.reveal();
  }

  /** Where there are more layers than are seen at once, that of the open head is among them. */
  private reveal(): void {
    const { layer, head } = this.panel.store.get().position;
    const cell = this.cells[layer]?.[head];
    const { element } = this;
    if (cell === undefined || element.scrollHeight <= element.clientHeight) return;
    const top = cell.getBoundingClientRect().top - this.frame.getBoundingClientRect().top;
    const most = top - labels;
    const least = top + this.size + 2 * this.gap - element.clientHeight;
    element.scrollTop = Math.max(least, Math.min(most, element.scrollTop));
  }

  private key(event: KeyboardEvent): void {
    const line = this.cells.findIndex((row) => row.some((cell) => cell === document.activeElement));
    const at = this.cells[line]?.findIndex((cell) => cell === document.activeElement) ?? -1;
    if (at < 0) return;
    const last = (this.cells[0]?.length ?? 1) - 1;
    const next = {
      ArrowLeft: [line, at - 1],
      ArrowRight: [line, at + 1],
      ArrowUp: [line - 1, at],
      ArrowDown: [line + 1, at],
      Home: [event.ctrlKey ? 0 : line, 0],
      End: [event.ctrlKey ? this.cells.length - 1 : line, last],
    }[event.key];
    if (next !== undefined) {
      this.cells[next[0] ?? -1]?.[next[1] ?? -1]?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.panel.openHead(line, at);
    } else return;
    event.preventDefault();
  }
}

import type { Plot } from '../../../src/protocol.js';
import { h, settled } from '../../dom.js';
import { plotStrings } from './strings.js';
import { axis, Chart, Horizontal } from './chart.js';
import type { Look } from './svg.js';
import { sampleOf } from './svg.js';
import { abscissa, plotted } from './table.js';

/** Panels below each other over one axis; beside each its series, with their numbers where they are read. */
export class Figure {
  private readonly rows: HTMLElement[];
  private readonly values: HTMLElement[][];
  private readonly at = h('span', { class: 'plot-at number' });
  private readonly slider = h('div', {
    class: 'plot-slider',
    attributes: { role: 'slider', tabindex: '0', 'aria-label': '', 'aria-valuemin': '0' },
  });
  readonly element: HTMLElement;
  private charts: Chart[] = [];
  private horizontal: Horizontal;
  private index: number;
  private readonly looks: readonly (readonly Look[])[];
  private readonly observer: ResizeObserver;
  private readonly resized = settled(60, () => {
    this.build();
  });

  constructor(private readonly plot: Plot) {
    const { x, panels } = plot;
    this.looks = looksOf(plot);
    this.horizontal = new Horizontal(x, 480);
    this.index = Math.max(0, x.values.length - 1);
    this.values = panels.map(({ series }) => series.map(() => h('span', { class: 'plot-value number' })));
    this.rows = panels.map(() => h('div', { class: 'plot-drawing' }));
    const parts = panels.flatMap((panel, at) => {
      const legend = h('ul', { class: 'plot-legend' });
      for (const [each, { title, kind }] of panel.series.entries()) {
        const look = this.looks[at]?.[each] ?? { kind, index: 0 };
        const value = this.values[at]?.[each] ?? h('span');
        legend.append(h('li', { class: 'plot-entry' }, sampleOf(look), h('span', { text: title }), value));
      }
      return [
        h('h3', { class: 'plot-panel-title', text: plotStrings.axis(panel.title, panel.unit) }),
        this.rows[at] ?? '',
        legend,
      ];
    });
    this.slider.setAttribute('aria-label', x.title);
    this.slider.setAttribute('aria-valuemax', String(Math.max(0, x.values.length - 1)));
    this.slider.title = plotStrings.keys;
    this.element = h(
      'div',
      { class: 'plot-figure' },
      ...parts,
      this.slider,
      h('div', { class: 'plot-reading' }, h('span', { class: 'muted', text: `${x.title} = ` }), this.at),
    );
    this.connect();
    this.observer = new ResizeObserver(() => {
      this.resized.ask();
    });
    this.observer.observe(this.element);
    this.build();
  }

  /** Draws for the room there is; once more when it is in the page, and whenever that changes. */
  build(): void {
    const room = this.rows[0]?.clientWidth ?? 0;
    const width = room === 0 ? 480 : Math.max(220, room);
    if (this.charts.length > 0 && width === this.horizontal.width) return;
    const { x, panels } = this.plot;
    this.horizontal = new Horizontal(x, width);
    this.charts = panels.map((panel, at) => new Chart(x, panel, this.looks[at] ?? [], this.horizontal));
    for (const [at, row] of this.rows.entries()) row.replaceChildren(this.charts[at]?.element ?? '');
    this.slider.replaceChildren(axis(x, this.horizontal));
    this.read(this.index);
  }

  dispose(): void {
    this.observer.disconnect();
    this.resized.drop();
  }

  private connect(): void {
    for (const row of [...this.rows, this.slider]) {
      row.addEventListener('pointermove', (event) => {
        this.read(this.horizontal.nearest(event.clientX - row.getBoundingClientRect().left));
      });
      row.addEventListener('pointerdown', () => {
        setTimeout(() => {
          this.slider.focus({ preventScroll: true });
        });
      });
    }
    this.slider.addEventListener('keydown', (event) => {
      const last = this.plot.x.values.length - 1;
      const next = {
        ArrowLeft: this.index - 1,
        ArrowDown: this.index - 1,
        ArrowRight: this.index + 1,
        ArrowUp: this.index + 1,
        Home: 0,
        End: last,
      }[event.key];
      if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.read(Math.min(last, Math.max(0, next)));
    });
  }

  private read(index: number): void {
    this.index = index;
    const { x, panels } = this.plot;
    this.at.textContent = abscissa(x.values[index]);
    const said: string[] = [];
    for (const [at, { title, series }] of panels.entries()) {
      this.charts[at]?.read(index);
      const numbers = series.map((each, which) => {
        const text = plotted(each.values[index]);
        const value = this.values[at]?.[which];
        if (value !== undefined) value.textContent = text;
        return `${each.title} ${text}`;
      });
      said.push(`${title}: ${numbers.join(', ')}`);
    }
    this.slider.setAttribute('aria-valuenow', String(index));
    this.slider.setAttribute('aria-valuetext', `${abscissa(x.values[index])}. ${said.join('. ')}`);
  }
}

/** A series of the same name looks the same in every panel. */
function looksOf({ panels }: Plot): readonly (readonly Look[])[] {
  const known = { measured: new Map<string, number>(), expected: new Map<string, number>() };
  return panels.map(({ series }) =>
    series.map(({ title, kind }) => {
      const names = known[kind];
      const index = names.get(title) ?? names.size;
      names.set(title, index);
      return { kind, index };
    }),
  );
}

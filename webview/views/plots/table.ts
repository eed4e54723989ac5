import type { Plot } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { plotStrings } from './strings.js';

/** A number of a plot, for reading, in about four digits; what was not measured has none. */
export function plotted(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return plotStrings.nothing;
  const size = Math.abs(value);
  // Powers of ten for what is tiny.
  if (size < 0.01) return formatNumber(value, 2);
  return formatNumber(value, Math.max(0, 3 - Math.floor(Math.log10(size))));
}

/** The common quantity is counted or measured; whole numbers are shown as such. */
export function abscissa(value: number | undefined): string {
  return value !== undefined && Number.isInteger(value) && Math.abs(value) < 1e6
    ? String(value).replace('-', '−')
    : plotted(value);
}

/** All numbers of a plot: a row for each of the common quantity's, a column for each series. */
export function plotTable(plot: Plot): HTMLElement {
  const columns = plot.panels.flatMap((panel) => panel.series.map((series) => ({ panel, series })));
  const groups = h('tr', {}, h('td'));
  for (const { title, unit, series } of plot.panels) {
    groups.append(
      h('th', {
        text: plotStrings.axis(title, unit),
        attributes: { scope: 'colgroup', colspan: String(series.length) },
      }),
    );
  }
  const heads = h('tr', {}, h('th', { text: plot.x.title, attributes: { scope: 'col' } }));
  for (const { series } of columns)
    heads.append(h('th', { text: series.title, attributes: { scope: 'col' } }));
  const body = h('tbody');
  for (const [at, value] of plot.x.values.entries()) {
    const row = h('tr', {}, h('th', { text: abscissa(value), attributes: { scope: 'row' } }));
    for (const { series } of columns) row.append(h('td', { text: plotted(series.values[at]) }));
    body.append(row);
  }
  return h(
    'table',
    { class: 'plot-table' },
    h('caption', { class: 'aside', text: plotStrings.table(plot.title) }),
    h('thead', {}, groups, heads),
    body,
  );
}

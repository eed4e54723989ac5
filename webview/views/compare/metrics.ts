import type { Metric } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { formatShort } from '../../../src/drawing/format.js';
import { compareStrings } from './strings.js';

/** A metric's name and title; all columns have a row for each that any of them has. */
export type MetricName = Pick<Metric, 'name' | 'title' | 'note'>;

export function metricNames(columns: readonly (readonly Metric[] | null)[]): readonly MetricName[] {
  const names = new Map<string, MetricName>();
  for (const metrics of columns) {
    for (const metric of metrics ?? []) if (!names.has(metric.name)) names.set(metric.name, metric);
  }
  return [...names.values()];
}

function valueText(metric: Metric | undefined): string {
  // A number that does not exist, as of a head with nothing to attend to.
  if (metric === undefined || Number.isNaN(metric.value)) return '–';
  return metric.unit === '' ? formatShort(metric.value) : `${formatShort(metric.value)} ${metric.unit}`;
}

/** "+0.12", "−0.40", "0": a difference always has its sign. */
export function signed(difference: number, format: (value: number) => string): string {
  const text = format(difference);
  return difference > 0 ? `+${text}` : text;
}

/** One column's metrics in the rows of all columns, each but the first with its difference to the first's. */
export function metricsTable(
  title: string,
  names: readonly MetricName[],
  own: readonly Metric[],
  first: readonly Metric[] | null,
): HTMLElement {
  const head = h('tr', {}, h('th', { text: compareStrings.metric, attributes: { scope: 'col' } }));
  head.append(h('th', { text: compareStrings.value, attributes: { scope: 'col' } }));
  if (first !== null) head.append(h('th', { text: compareStrings.toFirst, attributes: { scope: 'col' } }));
  const body = h('tbody');
  for (const { name, title: metricTitle, note } of names) {
    const metric = own.find((each) => each.name === name);
    const row = h('tr', { title: note });
    row.append(h('th', { text: metricTitle, attributes: { scope: 'row' } }));
    row.append(h('td', { text: valueText(metric) }));
    if (first !== null) {
      const before = first.find((each) => each.name === name);
      const difference = metric === undefined || before === undefined ? NaN : metric.value - before.value;
      row.append(
        h('td', {
          class: difference === 0 ? 'muted' : '',
          text: Number.isNaN(difference) ? '–' : signed(difference, formatShort),
        }),
      );
    }
    body.append(row);
  }
  return h(
    'table',
    { class: 'compare-metrics-table' },
    h('caption', { class: 'aside', text: `${compareStrings.metrics}: ${title}` }),
    h('thead', {}, head),
    body,
  );
}

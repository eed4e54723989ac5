import { metricsOfLayout } from '../../engine/metrics/index.js';
import type { Labels, Metric } from '../../protocol.js';
import { nameOfRole, type Layer } from '../core/subject.js';
import { bands, type Schedule } from './matrix.js';
import type { LayerReader } from './reader.js';

/** Every metric of one head's weights, from one pass over its rows. */
export async function metricsOf(
  reader: LayerReader,
  layer: Layer,
  {
    head,
    heads,
    queries,
    keys,
  }: { readonly head: number; readonly heads: number; readonly queries: Labels; readonly keys: Labels },
  schedule: Schedule,
): Promise<Metric[]> {
  const layout = { queries: queries.grid ?? null, keys: keys.grid ?? null };
  const running = metricsOfLayout(layout).map((metric) => ({ metric, gathering: metric.begin(layout) }));
  const request = {
    step: nameOfRole(layer, 'weights'),
    heads: { start: head, end: head + 1 },
    headCount: heads,
    rows: { start: 0, end: queries.count },
  };
  for await (const band of bands(reader, layer, request, schedule)) {
    for (let query = band.rows.start; query < band.rows.end; query++) {
      const start = (query - band.rows.start) * band.columns;
      const weights = band.data.subarray(start, start + band.columns);
      for (const { gathering } of running) gathering.row(weights, query);
    }
  }
  return running.map(({ metric, gathering }) => ({
    name: metric.name,
    title: metric.title,
    note: metric.note,
    value: gathering.result(),
    unit: metric.unit,
    full: metric.full(queries.count, keys.count, layout),
  }));
}

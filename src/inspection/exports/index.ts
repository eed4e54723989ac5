import type { ExporterDescription, InspectionSummary } from '../../protocol.js';
import { latexExporter, programExporter } from './code.js';
import { csvExporter } from './csv.js';
import type { Exporter } from './exporter.js';
import { jsonExporter } from './json.js';
import { npyExporter } from './npy.js';
import { npzExporter } from './npz.js';
import { wordsExporters } from './words.js';

/** Everything that can be taken away, in the order in which it is offered. */
export const exporters: readonly Exporter[] = [
  npyExporter,
  npzExporter,
  csvExporter,
  jsonExporter,
  programExporter('numpy'),
  programExporter('pytorch'),
  latexExporter,
  ...wordsExporters,
];

/** Those that have something to take away of an inspection. */
export function describeExporters(summary: InspectionSummary): ExporterDescription[] {
  return exporters
    .filter((each) => each.fits(summary))
    .map(({ id, title, note, extension, of }) => ({ id, title, note, extension, of }));
}

/** @throws Error where there is none of that name */
export function exporterNamed(id: string): Exporter {
  const found = exporters.find((each) => each.id === id);
  if (found === undefined) {
    const names = exporters.map((each) => each.id).join(', ');
    throw new Error(`There is no exporter “${id}”; there are ${names}.`);
  }
  return found;
}

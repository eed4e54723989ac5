import type { Labels } from '../../protocol.js';
import type { StepExport, StepExporter } from './exporter.js';
import { rowsOf, textSize } from './rows.js';
import { shortest, TextPieces } from './text.js';

/** A line for each row of the matrices. Source: RFC 4180 */
export const csvExporter: StepExporter = {
  id: 'csv',
  title: 'Comma-separated values (.csv)',
  note: 'A line for each row, with its layer and head where there are several; masked cells are nan.',
  extension: 'csv',
  of: 'step',
  fits: () => true,
  files: (from) => [
    {
      name: `${from.name}.csv`,
      size: textSize(from.array.shape, 24),
      write: (signal) => write(from, signal),
    },
  ],
};

async function* write(from: StepExport, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { axes, array, summary } = from;
  const name = (axis: string | undefined, index: number): string => {
    const labels: Labels | undefined =
      axis === 'query' ? summary.queries : axis === 'key' ? summary.keys : undefined;
    return field(`${index} ${labels?.words?.[index] ?? axis ?? ''}`);
  };
  const [width, last] = [array.shape.at(-1) ?? 0, axes.at(-1)];
  const [rowAxis, before] = [axes.at(-2), axes.slice(0, -2)];
  const pieces = new TextPieces();
  const columns = Array.from({ length: width }, (_, column) => name(last, column));
  pieces.add(`${[...before, rowAxis, ...columns].join(',')}\r\n`);
  for await (const rows of rowsOf(from, signal)) {
    for (const { index, values } of rows) {
      const place = [...index.slice(0, -1).map(String), name(rowAxis, index.at(-1) ?? 0)];
      pieces.add(`${place.join(',')},${Array.from(values, cell).join(',')}\r\n`);
      yield* pieces.ready();
    }
  }
  yield* pieces.rest();
}

function cell(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return shortest(value);
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

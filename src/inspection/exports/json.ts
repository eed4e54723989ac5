import type { StepExport, StepExporter } from './exporter.js';
import { rowsOf, textSize } from './rows.js';
import { shortest, TextPieces } from './text.js';

/** Nested lists beside what they are. JSON has no word for numbers that are not finite: they are null, and the file says so. */
export const jsonExporter: StepExporter = {
  id: 'json',
  title: 'JSON (.json)',
  note: 'Nested lists, with tokens and names; masked cells are null.',
  extension: 'json',
  of: 'step',
  fits: () => true,
  files: (from) => [
    {
      name: `${from.name}.json`,
      size: textSize(from.array.shape, 4),
      write: (signal) => write(from, signal),
    },
  ],
};

async function* write(from: StepExport, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { summary, step, axes, array } = from;
  const described = {
    title: summary.title,
    mechanism: summary.mechanism.title,
    parameters: Object.fromEntries(
      summary.parameters.filter(({ part }) => part !== 'axes').map(({ name, value }) => [name, value]),
    ),
    step: step.name,
    formula: step.tex,
    layer: from.layer ?? 'all',
    head: from.head ?? 'all',
    queries: summary.queries.words ?? null,
    keys: summary.keys.words ?? null,
    axes,
    shape: array.shape,
    null: 'A number that is not finite, as in a masked cell or in a row with nothing to attend to. Layers and heads count from 0.',
  };
  const pieces = new TextPieces();
  pieces.add(`${JSON.stringify(described, undefined, 1).slice(0, -2)},\n "data": `);
  // As many rows as end together: one, those of a matrix, those of all heads, …
  const ends = [1];
  for (const extent of array.shape.slice(0, -1).toReversed()) ends.push((ends.at(-1) ?? 1) * extent);
  const together = (at: number): number => ends.filter((count) => at % count === 0).length - 1;
  for await (const rows of rowsOf(from, signal)) {
    for (const { at, values } of rows) {
      if (at > 0) pieces.add(',\n');
      pieces.add('['.repeat(together(at)));
      pieces.add(`[${Array.from(values, cell).join(',')}]`);
      pieces.add(']'.repeat(together(at + 1)));
      yield* pieces.ready();
    }
  }
  pieces.add('\n}\n');
  yield* pieces.rest();
}

function cell(value: number): string {
  return Number.isFinite(value) ? shortest(value) : 'null';
}

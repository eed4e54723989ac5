/** Where the rows of a benchmark go. */
export interface Table {
  /** A figure that was measured once, or that does not vary. */
  figure(name: string, value: number, unit: Unit): void;
  /** The median of several figures, and the smallest and the largest. */
  median(name: string, values: readonly number[], unit: Unit): void;
  /** Runs something several times, once more beforehand to warm up, and gives the median of its milliseconds. */
  time(name: string, run: () => unknown, times?: number): Promise<void>;
  /** A row that cannot be filled here, and why. */
  missing(name: string, why: string): void;
}

export type Unit = 'ms' | 'MB' | 'kB';

const widths = { name: 74, figure: 12 };

/**
 * Prints one benchmark's rows as they come; nothing is asserted. Each benchmark file is a program of its own and calls
 * this once.
 */
export async function benchmark(title: string, fill: (table: Table) => Promise<void>): Promise<void> {
  console.log(`\n${title}`);
  const row = (name: string, figure: string, remark = ''): void => {
    console.log(`  ${name.padEnd(widths.name)}${figure.padStart(widths.figure)}  ${remark}`.trimEnd());
  };
  const table: Table = {
    figure(name, value, unit) {
      row(name, `${format(value)} ${unit}`);
    },
    median(name, values, unit) {
      const ordered = values.toSorted((a, b) => a - b);
      const middle = medianOf(ordered);
      const [least = middle] = ordered;
      const most = ordered.at(-1) ?? middle;
      row(name, `${format(middle)} ${unit}`, `${format(least)} – ${format(most)}, ${values.length} runs`);
    },
    async time(name, run, times = 7) {
      await run();
      const values: number[] = [];
      while (values.length < times) {
        const begun = performance.now();
        await run();
        values.push(performance.now() - begun);
      }
      this.median(name, values, 'ms');
    },
    missing(name, why) {
      row(name, '–', why);
    },
  };
  try {
    await fill(table);
  } catch (error) {
    process.exitCode = 1;
    console.error(`  ${title} stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function medianOf(ordered: readonly number[]): number {
  const half = ordered.length / 2;
  const above = ordered[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? (above + (ordered[half - 1] ?? above)) / 2 : above;
}

function format(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

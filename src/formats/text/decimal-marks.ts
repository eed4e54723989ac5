import { FormatError } from '../source.js';
import { quoted } from '../untrusted.js';
import type { Written } from './numbers.js';
import type { Delimiter } from './rows.js';

interface Seen {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** Which decimal mark a text has. */
export class DecimalMarks {
  private readonly seen = new Map<Written, Seen>();
  /** A whole number that begins with a zero, in an even column: what a decimal comma that separates columns leaves. */
  private zeros: Seen | undefined;

  constructor(
    private readonly file: string,
    private readonly delimiter: Delimiter,
  ) {}

  /** Whether "true" and "false" stand among the numbers. */
  get hasTruths(): boolean {
    return this.seen.has('truth');
  }

  note(written: Written, text: string, line: number, column: number): void {
    if (!this.seen.has(written)) this.seen.set(written, { text, line, column });
    if (written === 'whole' && column % 2 === 1 && this.zeros === undefined && /^\s*0\d/.test(text)) {
      this.zeros = { text, line, column };
    }
  }

  /** @throws FormatError where a comma may be a decimal one or not */
  check(): void {
    const [comma, either, point] = (['comma', 'either', 'point'] as const).map((each) => this.seen.get(each));
    if (point !== undefined && (comma ?? either) !== undefined) {
      throw new FormatError(
        `${this.file} has decimal points (${placeOf(point)}) and commas within numbers (${placeOf(comma ?? either)}): write all of them with a point, and thousands without a comma.`,
      );
    }
    if (either !== undefined && comma === undefined && this.delimiter !== ';') {
      throw new FormatError(
        `${this.file}: ${placeOf(either)} may be ${either.text.replace(',', '.')} or ${either.text.replace(',', '')}: write decimals with a point, and thousands without a comma.`,
      );
    }
    if (this.zeros !== undefined && this.delimiter === ',' && point === undefined) {
      throw new FormatError(
        `${this.file}: ${placeOf(this.zeros)} looks like the end of a decimal comma, which cannot be told from a comma between columns: write decimals with a point, or separate the columns by semicolons.`,
      );
    }
  }

  notices(): string[] {
    const comma = this.seen.get('comma') ?? this.seen.get('either');
    return comma === undefined
      ? []
      : [`${this.file} has decimal commas, such as ${quoted(comma.text)}, and was read so.`];
  }
}

function placeOf(seen: Seen | undefined): string {
  return seen === undefined ? '' : `line ${seen.line}, column ${seen.column + 1}, ${quoted(seen.text)}`;
}

import type { ExportInput } from '../../../models/index.js';
import type { Parameter, ParameterValues } from '../../../protocol.js';
import type { Subject } from '../../core/subject.js';
import type { ExportResult } from './run.js';

/** How many queries and keys the attention has that is shown. */
export interface Sides {
  readonly queries: number;
  readonly keys: number;
}

/** What a graph is given, and how it is known again. */
export interface ReadyInput {
  readonly input: ExportInput;
  readonly key: string;
}

/** What was brought to an export: a text, an image or a recording, made ready for it. */
export interface ExportReading {
  /** Beside what the attention itself offers. */
  readonly controls: readonly Parameter[];
  /** What the graph is given, and under which key it is known again. @param values of the controls */
  input(values: ParameterValues): ReadyInput | Promise<ReadyInput>;
  /** What the numbers along its sides stand for, and what is said of them. */
  describe(
    sides: Sides,
    result: ExportResult,
    values: ParameterValues,
  ): Promise<
    Pick<Subject, 'classes' | 'keys' | 'media' | 'notices' | 'pictures' | 'queries' | 'sound' | 'title'> & {
      /** "7 tokens" */
      readonly size: string;
    }
  >;
  /** Closes what was brought. */
  dispose?(): Promise<void>;
}

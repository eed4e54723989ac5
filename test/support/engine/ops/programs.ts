import { program } from '../../../../src/engine/explain.js';
import type { Value } from '../../../../src/engine/graph.js';
import type { Shape } from '../../../../src/engine/tensor.js';
import { differentiated, samples, type Draw } from './samples.js';

/** What is printed for an operator, and the numbers that it is run on. */
export interface OperatorProgram {
  readonly name: string;
  readonly numpy: string;
  readonly pytorch: string;
  readonly inputs: Readonly<Record<string, { type: Value['type']; shape: Shape; data: readonly number[] }>>;
}

/** An operator and its derivative, as values and as programs. */
export interface Programmed {
  readonly draw: Draw;
  readonly values: readonly Value[];
  readonly printed: OperatorProgram;
}

export function programmed(): Programmed[] {
  return Object.entries(samples).flatMap(([operator, builds]) =>
    builds.map((sample, at) => {
      const { draw, values } = differentiated(sample, 40 + at);
      const inputs = [...draw.given].map(([{ label, type }, { shape, data }]) => {
        return [label?.name ?? '', { type, shape, data: [...data] }] as const;
      });
      const printed = {
        name: `${operator} ${at}`,
        numpy: program(values, 'numpy'),
        pytorch: program(values, 'pytorch'),
        inputs: Object.fromEntries(inputs),
      };
      return { draw, values, printed };
    }),
  );
}

export function operatorPrograms(): OperatorProgram[] {
  return programmed().map(({ printed }) => printed);
}

import { label, type Value } from '../../../engine/graph.js';
import { roundTo } from '../../../engine/ops/index.js';
import { nearest, roundoff, type HalfPrecision } from '../../../engine/precision.js';
import { swap, type Draft, type Formula } from '../formula.js';
import type { Change, Slip } from '../slip.js';

/** The formula with each of these steps rounded when it has been computed. */
function rounded(formula: Formula, precision: HalfPrecision, names: readonly string[]): Formula {
  return names.reduce((changed, name) => {
    const step = changed.steps.find(({ label: own }) => own?.name === name);
    return step === undefined ? changed : swap(changed, step, roundTo(unnamed(step), precision));
  }, formula);
}

/** The formula of inputs that were stored in half precision. */
function roundedInputs(draft: Draft, precision: HalfPrecision): Draft {
  const inputs = [...draft.inputs].map(([name, { shape, data }]) => {
    const rounded = Float64Array.from(data, (each) => nearest(each, precision));
    return [name, { shape, data: rounded }] as const;
  });
  return { ...draft, inputs: new Map(inputs) };
}

/** A computed step without its name, which its rounded numbers bear; what is given keeps it, so that it can be written. */
function unnamed({ label: own, ...value }: Value): Value {
  return value.origin.kind === 'operation' || own === undefined ? value : label(value, own);
}

export const roundingToHalf: Slip = {
  id: 'rounding',
  changes({ formula: { steps } }) {
    const named = steps.flatMap(({ label: own }) => (own === undefined ? [] : [own.name]));
    const until = named.slice(0, named.indexOf('weights'));
    return (['float16', 'bfloat16'] as const).flatMap((precision): Change[] => [
      {
        title: `It is computed in ${precision}`,
        group: 'rounding',
        rank: 3,
        rounds: roundoff(precision),
        draft: (draft) => roundedInputs(draft, precision),
        formula: (formula) => rounded(formula, precision, names(formula)),
      },
      {
        title: `The scores are computed in ${precision}, the softmax in float32`,
        group: 'rounding',
        rank: 4,
        rounds: roundoff(precision),
        draft: (draft) => roundedInputs(draft, precision),
        formula: (formula) => rounded(formula, precision, until),
      },
    ]);
  },
};

function names({ steps }: Formula): string[] {
  return steps.flatMap(({ label: own }) => (own === undefined ? [] : [own.name]));
}

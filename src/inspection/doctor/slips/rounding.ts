import { sorted, type Value } from '../../../engine/graph.js';
import { roundTo } from '../../../engine/ops/index.js';
import { nearest, roundoff, type HalfPrecision } from '../../../engine/precision.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Draft, Formula } from '../formula.js';
import type { Change, Slip } from '../slip.js';

/**
 * The formula with the result of every operation rounded, as programs do that compute in half precision: sums within an
 * operation are longer, and what only moves numbers rounds nothing.
 * @param until the step before which it ends; all of the formula where left out
 */
function rounded(formula: Formula, precision: HalfPrecision, until?: string): Formula {
  const at = formula.steps.findIndex(({ label: own }) => own?.name === until);
  const affected = sorted(at < 0 ? formula.steps : formula.steps.slice(0, at));
  const made = new Map<Value['origin'], Value['origin']>();
  const take = (value: Value): Value => ({ ...value, origin: made.get(value.origin) ?? value.origin });
  for (const { origin, shape, type } of affected) {
    if (origin.kind !== 'operation' || made.has(origin)) continue;
    const again: Value = { shape, type, origin: { ...origin, inputs: origin.inputs.map(take) } };
    const isExact = origin.operation.moves === true || type === 'integer' || isOfPositions(origin);
    made.set(origin, (isExact ? again : roundTo(again, precision)).origin);
  }
  const later = at < 0 ? [] : sorted(formula.steps.slice(at));
  for (const { origin } of later) {
    if (origin.kind !== 'operation' || made.has(origin)) continue;
    const inputs = origin.inputs.map(take);
    if (inputs.some((from, place) => from.origin !== origin.inputs[place]?.origin)) {
      made.set(origin, { ...origin, inputs });
    }
  }
  return { ...formula, steps: formula.steps.map(take) };
}

/** Whether it is made from places alone: programs keep such tables in float32. */
function isOfPositions({ inputs }: Extract<Value['origin'], { kind: 'operation' }>): boolean {
  return inputs.every(({ type }) => type === 'integer');
}

/** Inputs that have been rounded, so that what is computed from them is known again. */
const stored = { float16: new WeakMap<Tensor, Tensor>(), bfloat16: new WeakMap<Tensor, Tensor>() };

/** The formula of inputs that were stored in half precision. */
function roundedInputs(draft: Draft, precision: HalfPrecision): Draft {
  const inputs = [...draft.inputs].map(([name, tensor]) => {
    const { shape, data } = tensor;
    const rounded = stored[precision].get(tensor) ?? {
      shape,
      data: Float64Array.from(data, (each) => nearest(each, precision)),
    };
    stored[precision].set(tensor, rounded);
    return [name, rounded] as const;
  });
  return { ...draft, inputs: new Map(inputs) };
}

export const roundingToHalf: Slip = {
  id: 'rounding',
  changes() {
    return (['float16', 'bfloat16'] as const).flatMap((precision): Change[] => [
      {
        title: `It is computed in ${precision}`,
        group: 'rounding',
        rank: 3,
        rounds: roundoff(precision),
        draft: (draft) => roundedInputs(draft, precision),
        formula: (formula) => rounded(formula, precision),
      },
      {
        title: `The scores are computed in ${precision}, the softmax in float32`,
        group: 'rounding',
        rank: 4,
        rounds: roundoff(precision),
        draft: (draft) => roundedInputs(draft, precision),
        formula: (formula) => rounded(formula, precision, 'weights'),
      },
    ]);
  },
};

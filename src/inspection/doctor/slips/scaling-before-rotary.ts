import { label } from '../../../engine/graph.js';
import { constant, divide } from '../../../engine/ops/index.js';
import { need, swap, without } from '../formula.js';
import type { Slip } from '../slip.js';

/** The queries are scaled before they are turned: a rotation of what was divided, so that the scores are the same. */
export const scalingBeforeRotary: Slip = {
  id: 'scaling-before-rotary',
  changes({ divisor, values, formula }) {
    const { steps } = formula;
    const turns =
      (values.get('rotary') ?? 'none') !== 'none' &&
      steps.some(({ label: own }) => own?.name === 'rotated_Q');
    if (!turns || divisor === 1 || values.get('temperature') !== 1) return [];
    return [
      {
        title: 'The queries are scaled before the rotary embedding, and not the scores after it',
        group: 'scaling',
        rank: 0,
        same: true,
        formula: (from) => {
          const unscaled = without(from, need(from, 'scaled'));
          const Q = need(unscaled, 'Q');
          const turned = need(unscaled, 'rotated_Q');
          if (turned.origin.kind !== 'operation') return unscaled;
          const [, ...rest] = turned.origin.inputs;
          const scaled = label(divide(Q, [constant(divisor, 'c')]), {
            name: 'scaled_Q',
            symbol: '\\tilde{Q}',
            axes: Q.label?.axes ?? [],
          });
          const by = { ...turned, origin: { ...turned.origin, inputs: [scaled, ...rest] } };
          return swap(unscaled, turned, by);
        },
      },
    ];
  },
};

import { input, label } from '../../../engine/graph.js';
import { fed, need } from '../formula.js';
import type { Change, Slip } from '../slip.js';
import { multiplied } from './masks.js';
import { placeAmong } from '../../../common/counting.js';

export const droppedHead: Slip = {
  id: 'dropped-head',
  changes({ formula: { heads, steps } }) {
    const weights = steps.find(({ label: own }) => own?.name === 'weights');
    if (heads < 2 || weights?.shape.length !== 3) return [];
    return Array.from({ length: heads }, (_, head): Change => ({
      title: `Head ${placeAmong(head, heads)} is dropped: it gives nothing`,
      group: 'head',
      rank: 2,
      formula: (formula) => {
        const leaf = label(input([heads, 1, 1]), {
          name: 'gate',
          symbol: 'g_h',
          axes: ['head', 'query', 'key'],
        });
        const gate = Float64Array.from({ length: heads }, (_each, at) => (at === head ? 0 : 1));
        const gated = multiplied(
          formula,
          need(formula, 'weights'),
          leaf,
          'The weights of each head, times 0 for the one that is dropped.',
        );
        return fed(gated, leaf, { shape: [heads, 1, 1], data: gate });
      },
    }));
  },
};

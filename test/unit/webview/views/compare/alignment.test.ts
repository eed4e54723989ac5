import assert from 'node:assert/strict';
import type { InspectionSummary, Parameter, Phase, Step } from '../../../../../src/protocol.js';
import { align, changesOf, suggest, withChange } from '../../../../../webview/views/compare/alignment.js';
import { withKnownValues } from '../../../../../webview/views/parameters/values.js';

const mask: Parameter = {
  name: 'mask',
  title: 'Mask',
  note: '',
  kind: 'choice',
  value: 'none',
  default: 'none',
  choices: ['none', 'causal', 'prefix'].map((value) => ({ value, title: value })),
};
const scaling: Parameter = {
  ...mask,
  name: 'scaling',
  title: 'Scaling',
  value: 'sqrt',
  default: 'sqrt',
  choices: ['sqrt', 'number', 'none'].map((value) => ({ value, title: value })),
};
const mechanism: Parameter = {
  ...mask,
  name: 'mechanism',
  title: 'Mechanism',
  value: 'luong',
  choices: ['bahdanau', 'luong', 'luong-local'].map((value) => ({ value, title: value })),
};
const temperature: Parameter = {
  name: 'temperature',
  title: 'Temperature',
  note: '',
  kind: 'number',
  value: 1,
  default: 1,
  minimum: 0.1,
  maximum: 10,
  step: 0,
};

function summary(id: string, steps: readonly (readonly [string, string, Phase])[]): InspectionSummary {
  const axis = { axis: 'query', size: 2 } as const;
  const described = steps.map(([name, tex, phase]): Step => ({
    name,
    title: name,
    tex,
    symbol: name,
    note: '',
    rows: axis,
    columns: axis,
    scale: 'signed',
    perHead: true,
    perQuery: false,
    phase,
  }));
  return {
    id,
    revision: 1,
    title: '',
    subtitle: '',
    mechanism: { id, title: id },
    layers: 1,
    heads: 1,
    media: [],
    queries: { count: 2 },
    keys: { count: 2 },
    steps: described,
    parameters: [],
    notices: [],
    continues: false,
    plots: [],
    timing: { forward: 0 },
  };
}

describe('columns beside the first', () => {
  const first = summary('dot', [
    ['scores', 'S = QK', 'score'],
    ['scaled', 'T = S / c', 'score'],
    ['weights', 'A = softmax(T)', 'normalisation'],
  ]);

  it('have the same phases, in which a formula that the first does not have differs', () => {
    const own = summary('dot', [
      ['scores', 'S = QK', 'score'],
      ['weights', 'A = softmax(S)', 'normalisation'],
    ]);
    const aligned = align(first, own);
    assert.deepEqual(
      aligned.map(({ phase }) => phase),
      ['input', 'score', 'normalisation', 'sum', 'gradient', 'task'],
    );
    assert.deepEqual(
      aligned.map(({ lines }) => lines.map(({ step, differs }) => [step.name, differs])),
      [[], [['scores', false]], [['weights', true]], [], [], []],
    );
    assert.deepEqual(
      aligned[1]?.without.map(({ name }) => name),
      ['scaled'],
    );
  });

  it('of another mechanism are not said to leave out what is not theirs', () => {
    const own = summary('additive', [['scores', 'S = v tanh(…)', 'score']]);
    assert.deepEqual(
      align(first, own).flatMap(({ without }) => without),
      [],
    );
  });

  it('are told by what of their parameters is not as in the first', () => {
    const own = withKnownValues([mask, scaling, temperature], { scaling: 'none', temperature: 2, other: 5 });
    assert.deepEqual(
      changesOf([mask, scaling, temperature], own).map(({ parameter }) => parameter.value),
      ['none', 2],
    );
    // What the first does not have counts where it is not as usual.
    assert.deepEqual(changesOf([mask], [mask, scaling]), []);
    assert.equal(changesOf([mask], [mask, { ...scaling, value: 'none' }]).length, 1);
  });

  it('lose a change that is back to what the first has', () => {
    const changes = withChange({ temperature: 3 }, [mask, temperature], 'mask', 'causal');
    assert.deepEqual(changes, { temperature: 3, mask: 'causal' });
    assert.deepEqual(withChange(changes, [mask, temperature], 'mask', 'none'), { temperature: 3 });
    assert.deepEqual(withChange(changes, [mask, temperature], 'temperature', 1), { mask: 'causal' });
  });

  it('begin with the next mechanism, without one with unscaled scores, and are never the same twice', () => {
    assert.deepEqual(suggest([mask, scaling, mechanism, temperature], []), { mechanism: 'luong-local' });
    assert.deepEqual(suggest([mask, mechanism], [{ mechanism: 'luong-local' }]), { mechanism: 'bahdanau' });
    assert.deepEqual(suggest([mask, scaling, temperature], []), { scaling: 'none' });
    assert.deepEqual(suggest([{ ...scaling, value: 'none' }], []), { scaling: 'sqrt' });
    assert.deepEqual(suggest([mask, temperature], [{ mask: 'causal' }, { mask: 'prefix' }]), {
      temperature: 2,
    });
    assert.deepEqual(suggest([], []), {});
  });
});

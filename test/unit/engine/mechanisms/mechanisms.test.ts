import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  mechanisms,
  ParameterError,
  readAttendParameters,
  withChanges,
  withValues,
  type ParameterValues,
} from '../../../../src/engine/mechanisms/index.js';
import { ShapeError } from '../../../../src/engine/tensor.js';
import { build, cases, stepOf } from '../../../support/engine/cases.js';
import { refusals, self, spoken } from '../../../support/engine/refusals.js';
import { everyInput, type Shapes } from '../../../support/engine/variants.js';

describe('mechanisms', () => {
  it('are all in the list, and each has references', () => {
    const folder = join(process.cwd(), 'src/engine/mechanisms');
    const ids = readdirSync(folder).flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [...text.matchAll(/^export const \w+: Mechanism = \{\s+id: '([^']+)'/gm)].map(([, id]) => id);
    });
    assert.deepEqual(mechanisms.map(({ id }) => id).toSorted(), ids.toSorted());
    for (const { id } of mechanisms) {
      assert.ok(
        cases.some(({ mechanism }) => mechanism === id),
        `${id} has no case in make_attention.py`,
      );
    }
  });

  it('refuse every input that has four axes, by its name and its shape', () => {
    for (const [id, sets] of Object.entries(everyInput)) {
      for (const shapes of sets) {
        for (const name of Object.keys(shapes)) {
          const what = `${id}: ${name}`;
          const four = { ...shapes, [name]: [2, 2, 2, 2] };
          const called = new RegExp(spoken[name] ?? `\\b${name}\\b`, 'i');
          assert.throws(
            () => build(id, four),
            (error) => {
              assert.ok(
                error instanceof ShapeError || error instanceof ParameterError,
                `${what}: ${String(error)}`,
              );
              assert.match(error.message, called, what);
              assert.match(error.message, /\(2, 2, 2, 2\)/, what);
              return true;
            },
            what,
          );
        }
      }
    }
  });

  for (const [id, refused] of Object.entries(refusals)) {
    describe(`${id} says in a sentence what does not fit`, () => {
      for (const [name, [shapes, params, message]] of Object.entries(refused)) {
        it(name, () => {
          assert.throws(
            () => build(id, shapes, params),
            (error) => {
              assert.ok(error instanceof ShapeError || error instanceof ParameterError, String(error));
              assert.match(error.message, message);
              assert.match(error.message, /^\S.*\.$/);
              return true;
            },
          );
        });
      }
    });
  }

  it('take heads as a number or as text', () => {
    for (const heads of [2, '2']) assert.equal(build('multi-head', self, { heads }).heads, 2);
  });

  it('start from as few heads as the widths of grouped keys allow', () => {
    const grouped = { ...self, W_K: [8, 2], W_V: [8, 2] };
    const graph = build('multi-head', grouped);
    assert.equal(graph.heads, 4);
    assert.deepEqual(stepOf(graph, 'K').shape, [1, 5, 2]);
    assert.equal(build('multi-head', grouped, { heads: 8, kvHeads: '2' }).heads, 8);
  });

  it('have the steps of numerics in order, under the names that all share', () => {
    const names = (id: string, shapes: Shapes, params: ParameterValues): (string | undefined)[] =>
      build(id, shapes, params).steps.map(({ label }) => label?.name);
    const shared = ['scores', 'scaled', 'masked', 'weights'];
    const masked = { mask: 'causal' };
    assert.deepEqual(names('scaled-dot-product', { Q: [2, 3], K: [2, 3], V: [2, 3] }, masked), [
      ...['Q', 'K', 'V'],
      ...shared,
      'output',
    ]);
    assert.deepEqual(names('multi-head', { ...self, W_O: [8, 8] }, masked), [
      ...['X', 'Q', 'K', 'V'],
      ...shared,
      ...['head', 'concat', 'output'],
    ]);
  });

  it('have no step for what changes nothing: no mask, no scaling, no cap', () => {
    const shapes = { Q: [2, 3], K: [2, 3], V: [2, 3] };
    const names = (params: ParameterValues): (string | undefined)[] =>
      build('scaled-dot-product', shapes, params).steps.map(({ label }) => label?.name);
    const [before, after] = [
      ['Q', 'K', 'V', 'scores'],
      ['weights', 'output'],
    ];
    assert.deepEqual(names({}), [...before, 'scaled', ...after]);
    assert.deepEqual(names({ scaling: 'none' }), [...before, ...after]);
    assert.deepEqual(names({ scaling: 'none', softcap: 0, temperature: 1 }), [...before, ...after]);
    assert.deepEqual(names({ scaling: 'none', temperature: 2 }), [...before, 'scaled', ...after]);
    assert.deepEqual(names({ scaling: 'none', mask: 'causal' }), [...before, 'masked', ...after]);
  });
});

describe('parameters', () => {
  const shapes = { Q: [5, 8], K: [5, 8] };
  const refused: readonly (readonly [ParameterValues, RegExp])[] = [
    [{ maks: 'causal' }, /no parameter “maks” here; there are heads, causal, prefix, windowLeft/],
    [{ mask: 'diagonal' }, /no mask called “diagonal” here; it is none, causal, sliding-window or prefix/],
    [{ mask: 'padding' }, /needs a tensor named “padding”/],
    [{ causal: 'yes' }, /Causal mask can be off, on, not yes/],
    [{ windowLeft: 1.5 }, /Window, before is a whole number from -1 to 5, not 1\.5/],
    [{ windowRight: -2 }, /Window, after is a whole number from -1 to 5, not -2/],
    [{ validKeys: 6 }, /Valid keys is a whole number from 0 to 5, not 6/],
    [{ givenMask: 'drop' }, /no parameter “givenMask”/],
    [{ temperature: 0 }, /Temperature is a number from 0\.01 to 100, not 0/],
    [{ temperature: Number.NaN }, /Temperature is a number from 0\.01 to 100, not NaN/],
    [{ temperature: 'hot' }, /Temperature is a number.*not hot/],
    [{ divisor: 0 }, /Divisor is a number/],
    [{ constructor: 1 }, /no parameter “constructor”/],
  ];
  for (const [params, message] of refused) {
    it(`refuse ${JSON.stringify(params)}`, () => {
      assert.throws(() => build('scaled-dot-product', shapes, params), { name: 'ParameterError', message });
    });
  }

  it('of masks may be said by one name, to which single ones are added', () => {
    const of = (params: ParameterValues): ParameterValues =>
      Object.fromEntries(
        withValues(mechanisms[0]?.parameters({ ...shapes, padding: [5] }) ?? [], params).flatMap(
          ({ name, value, default: standard }) => (value === standard ? [] : [[name, value]]),
        ),
      );
    assert.deepEqual(of({ mask: 'causal' }), { causal: 'on' });
    assert.deepEqual(of({ mask: 'causal', windowLeft: 2 }), { causal: 'on', windowLeft: 2 });
    assert.deepEqual(of({ mask: 'sliding-window', window: 3 }), { windowLeft: 3, windowRight: 3 });
    assert.deepEqual(of({ mask: 'prefix', prefix: 2 }), { causal: 'on', prefix: 2 });
    assert.deepEqual(of({ mask: 'padding' }), {});
    assert.deepEqual(of({ mask: 'none' }), { padding: 'off' });
    assert.deepEqual(withChanges({ mask: 'causal', causal: 'off', softcap: 1 }, { mask: 'prefix' }), {
      mask: 'prefix',
      softcap: 1,
    });
  });

  it('stay at their defaults where nothing is said', () => {
    for (const { parameters } of mechanisms) {
      const all = parameters({ ...self, ...shapes });
      assert.deepEqual(withValues(all, {}), all);
      for (const each of all) assert.equal(each.value, each.default, each.name);
    }
  });

  it('of attention alone are read the same way', () => {
    assert.deepEqual(readAttendParameters({ scaling: 8 }, {}).scaling, 8);
    assert.deepEqual(readAttendParameters({ scaling: 'number', divisor: 3 }, {}).scaling, 3);
    assert.throws(() => readAttendParameters({ scaling: 'cube' }, {}), /no scaling called “cube”/);
    assert.throws(() => readAttendParameters({ mask: 'matrix' }, {}), /needs a tensor named “mask”/);
    assert.throws(() => readAttendParameters({ mask: 'x' }, {}), /no mask called “x”/);
    assert.throws(
      () => readAttendParameters({ givenMask: 'drop' }, {}),
      /givenMask needs a tensor named “mask”/,
    );
    assert.throws(
      () => readAttendParameters({ lengths: 'on' }, {}),
      /lengths needs a tensor named “lengths”/,
    );
    assert.throws(
      () => readAttendParameters({ queryPlaces: 'past' }, {}),
      /queryPlaces is start or end, or past/,
    );
  });
});

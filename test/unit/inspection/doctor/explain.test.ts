import assert from 'node:assert/strict';
import { mechanisms } from '../../../../src/engine/mechanisms/index.js';
import type { ParameterValues } from '../../../../src/engine/mechanisms/index.js';
import type { Tensor } from '../../../../src/engine/tensor.js';
import { explainMismatch, type Explained } from '../../../../src/inspection/doctor/explain.js';
import type { GivenResult } from '../../../../src/protocol.js';
import { Fixture } from '../../../support/engine/numbers.js';

interface Dump {
  readonly name: string;
  readonly setting: string;
  readonly results: Readonly<Partial<Record<GivenResult, string>>>;
  /** What is told from these numbers: none where they are the right ones. */
  readonly slips: readonly string[];
  /** What was done. */
  readonly made: readonly string[];
}

const fixture = new Fixture('../doctor/dumps.safetensors');
const dumps = fixture.described<readonly Dump[]>('cases');
const parameters = fixture.described<Readonly<Record<string, ParameterValues>>>('parameters');

const inputNames = /^([QKVX]|[Wb]_[QKVO]|keep|padding)$/;

function explained({ setting, results }: Dump): Explained {
  const inputs = new Map<string, Tensor>(
    [...fixture.below(`${setting}/`)].filter(([name]) => inputNames.test(name)),
  );
  const id = inputs.has('X') ? 'multi-head' : 'scaled-dot-product';
  const mechanism = mechanisms.find((each) => each.id === id);
  assert.ok(mechanism);
  const given = Object.fromEntries(Object.entries(results).map(([as, name]) => [as, fixture.tensor(name)]));
  return explainMismatch({ mechanism, inputs, parameters: parameters[setting] ?? {}, given });
}

/** The slips that the first explanation names. */
function named({ diagnosis }: Explained): string[] {
  const [first] = diagnosis.explanations;
  return diagnosis.verdict === 'explained' ? (first?.slips ?? []).map(({ id }) => id).toSorted() : [];
}

describe('the doctor, on dumps of PyTorch code', () => {
  const settings = [...new Set(dumps.map(({ setting }) => setting))];
  const right: string[] = [];
  const missed: string[] = [];

  for (const setting of settings) {
    const own = dumps.filter((dump) => dump.setting === setting);

    it(`says of right dumps that they agree: ${setting}`, () => {
      const plain = own.filter(({ slips }) => slips.length === 0);
      assert.ok(plain.length >= 4);
      for (const dump of plain) {
        const { diagnosis } = explained(dump);
        assert.equal(diagnosis.verdict, 'agrees', `${dump.name}: ${diagnosis.sentence}`);
        assert.equal(diagnosis.from, null);
        assert.ok(diagnosis.compared.every(({ agrees }) => agrees));
      }
    });

    for (const count of [1, 2]) {
      const wrong = own.filter(({ slips }) => slips.length === count);
      if (wrong.length === 0) continue;
      it(`names ${count === 1 ? 'a slip' : 'a pair of slips'} first: ${setting}`, function () {
        this.timeout(120_000);
        for (const dump of wrong) {
          const found = explained(dump);
          const isRight = JSON.stringify(named(found)) === JSON.stringify(dump.slips);
          (isRight ? right : missed).push(`${dump.name}: ${found.diagnosis.sentence}`);
          if (isRight) assert.ok(found.diagnosis.from !== null, dump.name);
        }
      });
    }
  }

  it('is right in at least 95 of 100', () => {
    const share = right.length / (right.length + missed.length);
    assert.ok(right.length + missed.length > 350, 'all of the tests above have run');
    assert.ok(share >= 0.95, `${(100 * share).toFixed(1)} %:\n${missed.join('\n')}`);
  });

  it('names what gives the same numbers as the formula, and cannot be told from them', () => {
    const dump = dumps.find(
      ({ setting, made }) => setting === 'rotary' && made[0] === 'scaling-before-rotary',
    );
    assert.ok(dump);
    const { diagnosis } = explained(dump);
    assert.match(diagnosis.notes.join(), /scaled before the rotary embedding.*same numbers/);
  });
});

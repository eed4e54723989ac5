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
  it('says of right dumps that they agree', () => {
    for (const dump of dumps.filter(({ slips }) => slips.length === 0)) {
      const { diagnosis } = explained(dump);
      assert.equal(diagnosis.verdict, 'agrees', `${dump.name}: ${diagnosis.sentence}`);
      assert.equal(diagnosis.from, null);
    }
  });

  it('names the right slip first in at least 95 of 100 wrong ones', () => {
    const wrong = dumps.filter(({ slips }) => slips.length > 0);
    const missed = wrong.flatMap((dump) => {
      const found = explained(dump);
      const right = JSON.stringify(named(found)) === JSON.stringify(dump.slips);
      return right ? [] : [`${dump.name}: ${found.diagnosis.verdict}, ${named(found).join(' + ')}`];
    });
    const share = 1 - missed.length / wrong.length;
    if (process.env['DOCTOR'] !== undefined) console.log(missed.join('\n'), share);
    assert.ok(share >= 0.95, `${(100 * share).toFixed(1)} % of ${wrong.length}:\n${missed.join('\n')}`);
  });
});

import assert from 'node:assert/strict';
import { evaluate } from '../../../src/engine/evaluate.js';
import { Runtime } from '../../../src/runtime/session.js';
import { attention, buildCase, cases, recordedStep } from './cases.js';
import { assertClose } from './numbers.js';
import { platform } from '../../support/platform.js';

describe('attention, beside PyTorch', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());

  for (const each of cases) {
    describe(`${each.mechanism}: ${each.name}`, () => {
      const { graph, given } = buildCase(each);
      const expected = [...attention.below(`${each.name}/float64/`)];
      const steps = expected.map(([name]) => recordedStep(graph, name));

      it('every step in float64', () => {
        const results = evaluate(steps, given);
        expected.forEach(([name, tensor], at) => {
          assertClose(results[at], tensor, { absolute: 1e-12, relative: 1e-12 }, name);
        });
      });

      it('every step through ONNX Runtime', async () => {
        const results = await runtime.run(steps, given);
        expected.forEach(([name, tensor], at) => {
          const relative = name === 'weights' ? 0 : 1e-5;
          assertClose(results[at], tensor, { absolute: 1e-5, relative }, name);
        });
      });

      it('weights and output as PyTorch has them in float32', async () => {
        const references = [...attention.below(`${each.name}/float32/`)];
        assert.ok(references.length > 0);
        const results = await runtime.run(
          references.map(([name]) => recordedStep(graph, name)),
          given,
        );
        references.forEach(([name, tensor], at) => {
          const relative = name === 'weights' ? 0 : 1e-5;
          assertClose(results[at], tensor, { absolute: 1e-5, relative }, name);
        });
      });
    });
  }
});

import assert from 'node:assert/strict';
import { input, label, stepFor, type Value } from '../../../src/engine/graph.js';
import { speechArchitectureOf } from '../../../src/models/architectures/speech/index.js';
import type { Checkpoint } from '../../../src/models/checkpoint.js';
import type { Runtime } from '../../../src/runtime/session.js';
import { assertClose, at, tensorNamed, type Tensors } from './expected.js';

const weightsOf = (steps: readonly Value[]) => stepFor(steps, 'weights');

/**
 * Hidden states and the weights of all three attentions are those of the references, to 1e-4, and so are logits; of each text as far as
 * the references have it.
 */
export async function assertWhisper(
  runtime: Runtime,
  checkpoint: Checkpoint,
  expected: Tensors,
): Promise<void> {
  const family = speechArchitectureOf(checkpoint.config);
  const { attention, decoder } = family.describe(checkpoint.config);
  const spectrogram = tensorNamed(expected, 'features');
  const features = label(input(spectrogram.shape), {
    name: 'features',
    symbol: 'X',
    axes: ['query', 'feature'],
  });
  const encoder = family.build(checkpoint, features, attention);
  const memory = encoder.hiddenStates.at(-1) ?? assert.fail('nothing is heard');
  assert.ok(expected.has('previous 0'));
  for (let text = 0; expected.has(`previous ${text}`); text++) {
    const previous = [...tensorNamed(expected, `previous ${text}`).data];
    const writer = family.decoder.build(checkpoint, previous.length, memory, decoder.attention);
    const logits = writer.logits ?? assert.fail('nothing is said');
    const all: readonly (readonly [string, readonly Value[]])[] = [
      ['encoder_states', encoder.hiddenStates],
      ['encoder_attentions', encoder.layers.map(weightsOf)],
      [`decoder_states ${text}`, writer.hiddenStates],
      [`decoder_attentions ${text}`, writer.layers.map(weightsOf)],
      [`cross_attentions ${text}`, writer.cross.map(weightsOf)],
    ];
    const wanted = all.filter(([of]) => expected.has(of));
    assert.ok(wanted.length >= 4);
    const targets = [...wanted.flatMap(([, values]) => values), logits];
    const feeds = new Map([...writer.feeds(previous), [features, spectrogram] as const]);
    const found = (await runtime.run(targets, feeds)).values();
    for (const [of, values] of wanted) {
      const kept = tensorNamed(expected, of);
      assert.equal(kept.shape[0], values.length, of);
      for (const index of values.keys()) {
        const { value: result } = found.next();
        assertClose(result ?? assert.fail(), at(kept, index), 1e-4, `${of} ${index}`);
      }
    }
    const { value: said } = found.next();
    assertClose(said ?? assert.fail(), tensorNamed(expected, `logits ${text}`), 1e-4, 'logits');
  }
}

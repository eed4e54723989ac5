import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { input, stepFor, type Value } from '../../src/engine/graph.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { fromBytes } from '../../src/formats/source.js';
import { listen, openAudio } from '../../src/media/audio/index.js';
import { speechArchitectureOf } from '../../src/models/architectures/speech/index.js';
import { Checkpoint } from '../../src/models/checkpoint.js';
import { logMel, logMelFeatures, logMelSettings } from '../../src/models/processors/audio/index.js';
import { beginningOf, nextToken, writingSettings } from '../../src/models/speech/writing.js';
import { TextSide } from '../../src/models/text-side.js';
import { Runtime } from '../../src/runtime/session.js';
import { checkpoint as placeOf, described } from '../support/checkpoints/references.js';
import { assertClose, at, tensorNamed, tensorsIn, type Tensors } from '../support/models/expected.js';
import { platform } from '../support/platform.js';

/** Made by make_speech_references.py. */
const folder = join(process.cwd(), 'test/fixtures/checkpoints');

interface Written {
  readonly tokens: readonly number[];
  readonly text: string;
}

interface Heard {
  readonly untimed: Written;
  readonly timed: Written;
  readonly seconds: number;
  readonly previous: readonly number[];
  readonly picks: readonly (readonly [layer: number, head: number])[];
}

describe('Whisper tiny.en, as CTranslate2 keeps it', () => {
  const runtime = new Runtime(platform);
  const heard = described<Heard>('speech');
  let checkpoint: Checkpoint;
  let expected: Tensors;
  let features: Tensor<Float32Array>;
  before(async () => {
    checkpoint = await Checkpoint.open(platform, placeOf('whisper-tiny.en'));
    expected = await tensorsIn(join(folder, 'speech.safetensors'));
    const extractor = (await checkpoint.json('preprocessor_config.json')) ?? assert.fail();
    const bytes = new Uint8Array(readFileSync(join(folder, 'speech.flac')));
    const recording = await openAudio(fromBytes('speech.flac', bytes), 'speech.flac');
    const { samples } = await listen(recording, 16_000, 'speech.flac');
    assert.equal(samples.length / 16_000, heard.seconds);
    features = logMelFeatures(logMel(logMelSettings(extractor, 'whisper-tiny.en')), samples);
  });
  after(async () => {
    await checkpoint.dispose();
    await runtime.dispose();
  });

  it('computes what transformers computes, from a recording on', async () => {
    const family = speechArchitectureOf(checkpoint.config);
    const { attention, decoder } = family.describe(checkpoint.config);
    const leaf = input(features.shape);
    const encoder = family.build(checkpoint, leaf, attention);
    const memory = encoder.hiddenStates.at(-1) ?? assert.fail();
    const writer = family.decoder.build(checkpoint, heard.previous.length, memory, decoder.attention);
    const weights = (layers: readonly (readonly Value[])[]) =>
      heard.picks.map(([layer]) => stepFor(layers[layer] ?? assert.fail(), 'weights'));
    const results = await runtime.run(
      [
        memory,
        writer.logits ?? assert.fail(),
        ...weights(encoder.layers),
        ...weights(writer.layers),
        ...weights(writer.cross),
      ],
      new Map<Value, Tensor>([...writer.feeds(heard.previous), [leaf, features]]),
    );
    const rows = [...tensorNamed(expected, 'rows').data];
    const [states, logits, ...found] = results;
    // States of the encoder reach far beyond 1.
    assertClose(
      rowsOf(states ?? assert.fail(), rows),
      tensorNamed(expected, 'encoder_states'),
      1e-3,
      'states',
    );
    const last = at(logits ?? assert.fail(), heard.previous.length - 1).data.filter((_, id) => id % 97 === 0);
    assertClose({ shape: [last.length], data: last }, tensorNamed(expected, 'logits'), 2e-3, 'logits');
    for (const [kind, name] of ['encoder_attentions', 'decoder_attentions', 'cross_attentions'].entries()) {
      for (const [pick, [layer, head]] of heard.picks.entries()) {
        const matrix = at(found[kind * heard.picks.length + pick] ?? assert.fail(), head);
        assertClose(
          kind === 0 ? rowsOf(matrix, rows) : rowsOf(matrix, every(kind === 1 ? 1 : 5, matrix)),
          at(tensorNamed(expected, name), pick),
          1e-4,
          `${name}: layer ${layer}, head ${head}`,
        );
      }
    }
  });

  for (const timed of [false, true]) {
    it(`writes what transformers writes, ${timed ? 'with' : 'without'} times`, async () => {
      const family = speechArchitectureOf(checkpoint.config);
      const { attention, decoder } = family.describe(checkpoint.config);
      const leaf = input(features.shape);
      const memory = family.build(checkpoint, leaf, attention).hiddenStates.at(-1) ?? assert.fail();
      const [states] = await runtime.run([memory], new Map<Value, Tensor>([[leaf, features]]));
      const generation = await checkpoint.json('generation_config.json');
      const settings = writingSettings(generation, checkpoint.config, decoder.vocabulary);
      const begin = beginningOf(settings, { timed }).tokens;
      const want = timed ? heard.timed : heard.untimed;
      // No token sees those behind it: one run says what would be written at each of them.
      const previous = [...begin, ...want.tokens.slice(0, -1)];
      const source = input(states?.shape ?? []);
      const writer = family.decoder.build(checkpoint, previous.length, source, decoder.attention);
      const [logits] = await runtime.run(
        [writer.logits ?? assert.fail()],
        new Map<Value, Tensor>([...writer.feeds(previous), [source, states ?? assert.fail()]]),
      );
      const written = want.tokens.map((_, place) =>
        nextToken(
          settings,
          at(logits ?? assert.fail(), begin.length - 1 + place).data.slice(),
          want.tokens.slice(0, place),
          timed,
        ),
      );
      assert.deepEqual(written, want.tokens);
      const words = new TextSide(checkpoint, checkpoint.name);
      assert.equal(await words.decode(written.filter((token) => token < settings.end)), want.text);
    });
  }

  it('knows its heads of alignment and its tokens', async () => {
    const settings = writingSettings(
      await checkpoint.json('generation_config.json'),
      checkpoint.config,
      51_864,
    );
    assert.deepEqual(settings.alignmentHeads?.[2], { layer: 2, head: 5 });
    assert.deepEqual([settings.start, settings.end, settings.untimed], [50_257, 50_256, 50_362]);
    assert.equal(settings.languages.size, 0);
    assert.equal(settings.suppressed.length, 90);
  });
});

function rowsOf(tensor: Tensor<Float32Array>, rows: readonly number[]): Tensor<Float32Array> {
  const data = rows.flatMap((row) => [...at(tensor, row).data]);
  return { shape: [rows.length, ...tensor.shape.slice(1)], data: Float32Array.from(data) };
}

function every(step: number, { shape: [rows = 0] }: Tensor): number[] {
  return Array.from({ length: Math.ceil(rows / step) }, (_, at) => at * step);
}

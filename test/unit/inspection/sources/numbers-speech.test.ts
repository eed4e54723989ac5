import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_numbers_speech.py and tools/speech/samples.py. */
const folder = join(fixtures, 'numbers-speech');
const model = join(media, 'models', 'numbers-speech');

interface Case {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly text: string;
}

interface Said {
  readonly voice: string;
  readonly words: readonly string[];
  readonly times: readonly (readonly [number, number])[];
}

describe('The embedded model that hears', () => {
  const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'cases.json'), 'utf8'));
  const said = readJson<Readonly<Record<string, Said>>>(readFileSync(join(folder, 'said.json'), 'utf8'));
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  async function open(name: string, text?: string): Promise<Inspection> {
    const file = { kind: 'path', path: join(media, 'sample', name) } as const;
    const opened = await engine.open({
      material: { kind: 'audio', file, ...(text === undefined ? {} : { text }) },
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  for (const { name, tokens, text } of cases) {
    it(`writes what transformers writes with it, and looks where it looks: ${name}`, async () => {
      const expected = tensorNamed(await tensorsIn(join(folder, 'expected.safetensors')), name);
      const inspection = await open(name);
      const { summary } = inspection;
      assert.match(summary.title, new RegExp(`“${text}”$`));
      assert.equal(summary.queries.count, tokens.length);
      for (let layer = 0; layer < summary.layers; layer++) {
        for (let head = 0; head < summary.heads; head++) {
          const weights = await inspection.slice({ inspection: summary.id, step: 'weights', layer, head });
          assertClose(weights, at(at(expected, layer), head), 1e-4, `layer ${layer} head ${head}`);
        }
      }
    });
  }

  it('hears the voices that it knows, also in noise', () => {
    const known = cases.filter(({ name }) => name !== 'stranger.wav');
    assert.equal(known.length, 3);
    for (const { name, text } of known) assert.equal(text, said[name]?.words.join(' '));
  });

  it('finds when each word of a transcript is said, by any voice', async () => {
    for (const [name, { words, times }] of Object.entries(said)) {
      const inspection = await open(name, words.join(' '));
      const alignment = await inspection.sound.alignment();
      assert.deepEqual(
        alignment.words.map((word) => word.text.trim()),
        words,
      );
      const misses = alignment.words.map(({ start }, word) => Math.abs(start - (times[word]?.[0] ?? NaN)));
      assert.ok(Math.max(...misses) < 0.2, `${name}: ${misses.map((miss) => miss.toFixed(2)).join(', ')}`);
    }
  });

  it('is small, and says how it was measured', () => {
    assert.ok(statSync(join(model, 'model.safetensors')).size < 3e6);
    const facts = readFileSync(join(model, 'README.md'), 'utf8');
    const measured = readJson<Readonly<Record<string, unknown>>>(
      readFileSync(join(model, 'measured.json'), 'utf8'),
    );
    const share = Number(measured['word errors, known voices']);
    assert.ok(facts.includes(`${(100 * share).toFixed(1)} %`), `${share}`);
  });
});

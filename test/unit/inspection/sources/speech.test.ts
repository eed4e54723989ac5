import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { OpenRequest, ParameterValues } from '../../../../src/protocol.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_speech_text.py. */
const folder = join(fixtures, 'speech-text');

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly start: number;
  readonly end: number;
  readonly text: string | null;
  readonly prompt: string | null;
  readonly asked: {
    readonly language?: string;
    readonly task?: string;
    readonly return_timestamps?: boolean;
  };
  readonly tokens: readonly number[];
  readonly heads: readonly (readonly [number, number])[];
  readonly words: readonly {
    readonly text: string;
    readonly start: number;
    readonly end: number;
    readonly tokens: readonly number[];
  }[];
}

const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'cases.json'), 'utf8'));

describe('A recording that a model writes down', () => {
  const engine = new Engine(platform, media);
  let expected: Tensors;
  before(async () => {
    expected = await tensorsIn(join(folder, 'expected.safetensors'));
  });
  after(() => engine.dispose());

  async function open(
    model: string,
    parameters: ParameterValues = {},
    text?: string,
    rest: Partial<OpenRequest> = {},
  ): Promise<Inspection> {
    const opened = await engine.open({
      material: {
        kind: 'audio',
        file: { kind: 'path', path: join(folder, 'voice.wav') },
        ...(text === undefined ? {} : { text }),
      },
      by: { model: { kind: 'folder', path: join(folder, model) } },
      parameters,
      ...rest,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  function openCase(each: Case, more: ParameterValues = {}): Promise<Inspection> {
    const { asked } = each;
    return open(
      each.folder,
      {
        from: each.start,
        to: each.end,
        ...(each.text === null ? { length: 24 } : {}),
        ...(asked.language === undefined ? {} : { language: asked.language }),
        ...(asked.task === undefined ? {} : { task: asked.task }),
        ...(asked.return_timestamps === true ? { timestamps: 'on' } : {}),
        ...(each.prompt === null ? {} : { prompt: each.prompt }),
        ...more,
      },
      each.text ?? undefined,
    );
  }

  for (const each of cases) {
    it(`is written, attended to and aligned as transformers and OpenAI’s program do: ${each.name}`, async () => {
      const inspection = await openCase(each);
      const { summary } = inspection;
      const heard = tensorNamed(expected, `${each.name}/cross`);
      assert.equal(summary.queries.count, each.tokens.length);
      for (let layer = 0; layer < summary.layers; layer++) {
        for (let head = 0; head < summary.heads; head++) {
          const found = await inspection.slice({ inspection: summary.id, step: 'weights', layer, head });
          assertClose(found, at(at(heard, layer), head), 1e-4, `layer ${layer} head ${head}`);
        }
      }
      const { words, path } = await inspection.sound.alignment();
      const timing = words.map(({ text, start, end }) => [text, start.toFixed(6), end.toFixed(6)]);
      assert.deepEqual(
        timing,
        each.words.map(({ text, start, end }) => [text, start.toFixed(6), end.toFixed(6)]),
      );
      const want = tensorNamed(expected, `${each.name}/path`);
      const columns = [...path.times].map((time) => Math.round((time - each.start) / 0.02));
      assert.deepEqual(columns, [...want.data.slice(columns.length)]);
    });
  }
});

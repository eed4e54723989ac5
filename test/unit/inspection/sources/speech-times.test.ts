import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const folder = join(fixtures, 'speech-text');

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly start: number;
  readonly end: number;
  readonly asked: {
    readonly language?: string;
    readonly task?: string;
    readonly return_timestamps?: boolean;
  };
  readonly tokens: readonly number[];
}

const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'cases.json'), 'utf8'));

/** Made by make_speech_text_times.py: when transformers says that each token was said. */
const times = readJson<Record<string, readonly number[]>>(
  readFileSync(join(fixtures, 'speech-text-times.json'), 'utf8'),
);

describe('A recording that is aligned as transformers does', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  for (const [name, wanted] of Object.entries(times)) {
    it(`has its times, token for token: ${name}`, async () => {
      const each = cases.find((one) => one.name === name) ?? assert.fail(name);
      const { asked } = each;
      const inspection = await engine.open({
        material: { kind: 'audio', file: { kind: 'path', path: join(folder, 'voice.wav') } },
        by: { model: { kind: 'folder', path: join(folder, each.folder) } },
        parameters: {
          from: each.start,
          to: each.end,
          length: 24,
          alignment: 'transformers',
          ...(asked.language === undefined ? {} : { language: asked.language }),
          ...(asked.task === undefined ? {} : { task: asked.task }),
          ...(asked.return_timestamps === true ? { timestamps: 'on' } : {}),
        },
      });
      assert.ok(inspection instanceof Inspection);
      const { words, path, notices } = await inspection.sound.alignment();
      assert.ok(notices.some((notice) => notice.startsWith('As transformers aligns')));
      assert.ok(notices.some((notice) => /one later than the row that wrote it/.test(notice)));
      // Where each row's way through the sound begins is when its token was said.
      const begins = new Map<number, number>();
      for (const [at, row] of path.rows.entries()) {
        if (!begins.has(row)) begins.set(row, (path.times[at] ?? NaN) - each.start);
      }
      assert.ok(begins.size > 3);
      for (const [row, begin] of begins)
        assert.equal(begin.toFixed(4), wanted[row]?.toFixed(4), `row ${row}`);
      // All but what begins the text, and what was never read.
      const rows = [...begins.keys()].toSorted((a, b) => a - b);
      assert.deepEqual(
        [rows.at(-1), rows.length],
        [each.tokens.length - 2, each.tokens.length - 1 - (rows[0] ?? 0)],
      );
      assert.ok(words.length > 0);
      for (const { start, end, rows: own } of words) {
        assert.ok(end >= start);
        assert.ok(own.end > own.start && own.start >= (rows[0] ?? 0) && own.end <= each.tokens.length);
      }
      const ranks = await inspection.sound.rankHeads();
      assert.equal(ranks.filter(({ used }) => used).length, each.folder === 'many' ? 2 : 4);
    });
  }
});

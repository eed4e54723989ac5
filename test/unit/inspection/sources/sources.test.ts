import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { sources } from '../../../../src/inspection/sources/index.js';
import { openText } from '../../../support/inspections.js';
import { spansIn } from '../../../support/spans.js';
import { platform } from '../../../support/platform.js';

describe('Sources', () => {
  const media = join(process.cwd(), 'media');

  it('are all in the list, once each', async () => {
    const folder = join(process.cwd(), 'src/inspection/sources');
    const files = readdirSync(folder, { withFileTypes: true }).map((entry) =>
      join(folder, entry.name, entry.isDirectory() ? 'index.ts' : ''),
    );
    const { readFile } = await import('node:fs/promises');
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const written = texts.flatMap((text) =>
      [...text.matchAll(/: Source = \{\n {2}id: '(\w+)'/g)].map(([, id = '']) => id),
    );
    assert.deepEqual(written.toSorted(), sources.map(({ id }) => id).toSorted());
    assert.equal(new Set(written).size, written.length);
  });

  it('give a second text marks of its own', async () => {
    const engine = new Engine(platform, media);
    try {
      const [text, second] = ['The cat sat.', 'A dog ran off.'];
      const model = { kind: 'embedded' } as const;
      const { summary } = await openText(engine, { text, second, model, mechanism: 'scaled-dot-product' });
      assert.deepEqual(summary.media, [
        { id: 'text-0', kind: 'text', index: 0 },
        { id: 'text-1', kind: 'text', index: 1 },
      ]);
      const words = (spans: ReturnType<typeof spansIn>, of: string): (string | undefined)[] =>
        (spans ?? []).map((span) => (span === null ? undefined : of.slice(span.start, span.end)));
      assert.deepEqual(words(spansIn(summary.keys), text), ['The', 'cat', 'sat', '.']);
      assert.deepEqual(words(spansIn(summary.queries, 1), second), ['A', 'dog', 'ran', 'off', '.']);
    } finally {
      await engine.dispose();
    }
  });

  it('say what they leave unread', async () => {
    const engine = new Engine(platform, media);
    try {
      const model = { kind: 'dates', score: 'luong' } as const;
      const { summary } = await openText(engine, { text: '3 May 2021', second: '4 June 2022', model });
      assert.ok(summary.notices.some((notice) => notice.endsWith('the second selection was not used.')));
      assert.deepEqual(summary.media, [{ id: 'text-0', kind: 'text', index: 0 }]);
    } finally {
      await engine.dispose();
    }
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interpolateCividis } from 'd3-scale-chromatic';
import { PNG } from 'pngjs';
import { inspectTensors, inspectText, type OpenInspection } from '../../../src/inspection/index.js';
import { media } from '../../support/models/expected.js';
import { seeded, tensor } from '../../support/inspection/numbers.js';

/** Every attribute of every element of a name, in order; the file is ours, and its attributes never hold ">". */
function elements(svg: string, name: string): Readonly<Record<string, string>>[] {
  return [...svg.matchAll(new RegExp(`<${name}\\b([^>]*)>`, 'g'))].map(([, inside = '']) =>
    Object.fromEntries(
      [...inside.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    ),
  );
}

function cellsOf(svg: string): Readonly<Record<string, string>>[] {
  return elements(svg, 'rect').filter((rect) => 'data-value' in rect);
}

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text\b[^>]*>([^<]*)/g)].map(([, words = '']) =>
    words.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  );
}

/** Kept to be looked at. */
function keep(name: string, content: string | Uint8Array): void {
  const folder = join('out', 'screenshots', 'pictures');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), content);
}

describe('a heatmap as SVG, without a browser', function () {
  this.timeout(60_000);
  const open: OpenInspection[] = [];
  const sentence = 'The animal did not cross the street because it was too tired.';

  afterEach(() => Promise.all(open.splice(0).map((each) => each.dispose())));

  async function text(words: string): Promise<OpenInspection> {
    const inspection = await inspectText(words, { media });
    open.push(inspection);
    return inspection;
  }

  async function square(count: number, params: Record<string, string> = {}): Promise<OpenInspection> {
    const next = seeded(5);
    const [Q, K, V] = [0, 1, 2].map(() => tensor([2, count, 4], () => 3 * next() - 1.5));
    assert.ok(Q && K && V);
    const inspection = await inspectTensors({ Q, K, V }, { params });
    open.push(inspection);
    return inspection;
  }

  it('has the engine’s numbers in its cells, and their colours', async () => {
    const inspection = await text(sentence);
    const place = { layer: 2, head: 5 };
    const { data, shape } = await inspection.slice('weights', place);
    const svg = await inspection.svg('weights', { ...place, scale: { maximum: 1 } });
    keep('heatmap.svg', svg);
    const cells = cellsOf(svg);
    assert.equal(cells.length, (shape[0] ?? 0) * (shape[1] ?? 0));
    assert.deepEqual(
      Float32Array.from(cells, (cell) => Number(cell['data-value'])),
      data,
    );
    // The map of the reference, turned round on white, and mixed with white where it is weak.
    const strongest = data.indexOf(Math.max(...data));
    const index = Math.floor((data[strongest] ?? 0) * 255 + 0.5);
    assert.ok(
      index / 255 > 0.3,
      'the strongest weight is in the part of the colours that no ground shines through',
    );
    const [, ...wanted] = /rgb\((\d+), (\d+), (\d+)\)/.exec(interpolateCividis(1 - index / 255)) ?? [];
    const hex = `#${wanted.map((channel) => Number(channel).toString(16).padStart(2, '0')).join('')}`;
    assert.equal(cells[strongest]?.['fill'], hex);
  });

  it('says what it is of, in texts', async () => {
    const inspection = await text(sentence);
    const { queries, title, subtitle } = inspection.summary;
    const said = texts(await inspection.svg('weights', { layer: 2, head: 5 }));
    for (const word of queries.words ?? []) {
      assert.equal(
        said.filter((each) => each === word).length >= 2,
        true,
        `${word} is a label on both sides`,
      );
    }
    assert.ok(said.includes('Weights · Layer 2, head 5'), said.join('|'));
    assert.ok(said.join(' ').includes(title));
    assert.ok(said.join(' ').includes(subtitle.slice(0, 20)));
    for (const words of ['query ↓', 'key →', 'weight', 'made with Attention Inspector'])
      assert.ok(said.includes(words), words);
  });

  it('marks masked cells, and leaves keys out where that is asked', async () => {
    const inspection = await square(6, { mask: 'causal' });
    const { data } = await inspection.slice('weights', { head: 1 });
    const svg = await inspection.svg('weights', { head: 1, scale: { leaveOut: 'first' } });
    for (const [at, cell] of cellsOf(svg).entries()) {
      const value = data[at] ?? NaN;
      if (Number.isNaN(value))
        assert.deepEqual([cell['data-value'], cell['fill']], ['masked', 'url(#masked)']);
      else assert.equal(Math.fround(Number(cell['data-value'])), value);
      if (at % 6 === 0) assert.equal(cell['fill'], 'url(#masked)', 'left out');
    }
    const said = texts(svg);
    assert.ok(said.includes('masked or left out'));
    assert.ok(
      said.join(' ').includes('Without first token: the other keys of each row sum to 1'),
      said.join('|'),
    );
    // Large cells show what their colours say: the share of what is left.
    const [, second = NaN] = data.subarray(6, 8);
    assert.ok(second < 0.9, 'the first key had a part of it');
    assert.ok(said.includes('1.00'), said.join('|'));
    keep('causal.svg', svg);
  });

  it('shows a part, and says which', async () => {
    const inspection = await square(9);
    const { data } = await inspection.slice('scores', { rows: [2, 5], columns: [1, 8] });
    const svg = await inspection.svg('scores', { rows: [2, 5], columns: [1, 8], theme: 'dark' });
    assert.deepEqual(
      Float32Array.from(cellsOf(svg), (cell) => Number(cell['data-value'])),
      data,
    );
    assert.ok(texts(svg).join(' ').includes('Part of the matrix: query 2 to 4 of 9, key 1 to 7 of 9'));
    keep('part-dark.svg', svg);
  });

  it('has a picture inside where cells are too many, whose pixels are as the colours say', async () => {
    const inspection = await square(150);
    const svg = await inspection.svg('weights', { scale: { map: 'greys', maximum: 0.25 } });
    assert.deepEqual(cellsOf(svg), []);
    const [image] = elements(svg, 'image');
    const picture = PNG.sync.read(
      Buffer.from((image?.['href'] ?? '').replace('data:image/png;base64,', ''), 'base64'),
    );
    assert.deepEqual([picture.width, picture.height], [150, 150]);
    const small = await inspection.svg('weights', {
      scale: { map: 'greys', maximum: 0.25 },
      rows: [40, 90],
      columns: [10, 70],
    });
    const cells = cellsOf(small);
    assert.equal(cells.length, 50 * 60);
    for (const [at, cell] of cells.entries()) {
      const pixel = ((40 + Math.floor(at / 60)) * 150 + 10 + (at % 60)) * 4;
      const hex = `#${picture.data.subarray(pixel, pixel + 3).toString('hex')}`;
      assert.equal(cell['fill'], hex, `cell ${at}`);
    }
    keep('large.svg', svg);
  });

  it('pools what is larger than a picture, and says so', async () => {
    const inspection = await square(1500);
    const svg = await inspection.svg('weights');
    const [image] = elements(svg, 'image');
    const picture = PNG.sync.read(
      Buffer.from((image?.['href'] ?? '').replace('data:image/png;base64,', ''), 'base64'),
    );
    assert.deepEqual([picture.width, picture.height], [1024, 1024]);
    assert.ok(texts(svg).join(' ').includes('Each pixel is the largest of 1.5 × 1.5 numbers.'));
  });

  it('refuses steps, heads and scales that there are not, in a sentence', async () => {
    const inspection = await square(3);
    await assert.rejects(
      inspection.svg('wheights'),
      /^Error: There is no step “wheights” in .*; there are .*weights/,
    );
    await assert.rejects(inspection.svg('weights', { head: 7 }), /head/);
    const bad = { kind: 'cubic' } as unknown as { kind: 'linear' };
    await assert.rejects(
      inspection.svg('weights', { scale: bad }),
      /A scale’s kind is linear, row, .*, not “cubic”/,
    );
    await assert.rejects(inspection.svg('weights', { scale: { maximum: -1 } }), /a number above 0/);
  });
});

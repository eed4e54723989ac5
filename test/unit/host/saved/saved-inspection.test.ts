import assert from 'node:assert/strict';
import {
  difference,
  readSaved,
  SavedInspectionError,
  writeSaved,
} from '../../../../src/host/saved/saved-inspection.js';
import type { SavedInspection } from '../../../../src/host/saved/saved-inspection.js';
import { readOnlyPage } from '../../../../src/host/saved/read-only-page.js';
import { inspectText } from '../../../../src/inspection/index.js';
import { media } from '../../../support/models/expected.js';

const digest = 'ab'.repeat(32);
const words = ['[CLS]', '</svg><script>alert(1)</script>', '"it"', '[SEP]'];
const data = Float32Array.from([0.25, 0.75, NaN, 1e-38, -0, 0.1, 3.4e38, NaN, 0.5, 1 / 3, 0, 0, 1, 2, 3, 4]);

const whole: SavedInspection = {
  title: 'a model',
  subtitle: 'BERT · 2 layers × 3 heads',
  input: { kind: 'text', texts: ['The animal.', 'A second\u2028text "quoted" </script>'] },
  model: { name: 'a model', digest },
  mechanism: 'bahdanau',
  parameters: { temperature: 0.5, mask: 'causal' },
  position: { layer: 1, head: 2, step: 'weights', cell: { row: 3, column: 0 } },
  continuation: { ids: [5, 0, 77], ending: 'length', drawn: false },
  seen: {
    step: {
      name: 'weights',
      title: 'Weights',
      rows: { axis: 'query', size: 4 },
      columns: { axis: 'key', size: 4 },
      scale: 'weights',
      perHead: true,
    },
    layers: 2,
    heads: 3,
    queries: { count: 4, words },
    keys: { count: 4, words },
    data,
    emptyRows: [2],
  },
};

/** The file's JSON with one place changed. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const file: unknown = JSON.parse(writeSaved(whole));
  let at = file as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = path.at(-1);
  assert.ok(last !== undefined);
  if (value === undefined) delete at[last];
  else at[last] = value;
  return JSON.stringify(file);
}

describe('A saved inspection', () => {
  it('reads back as what was written, each number to the bit', () => {
    const again = readSaved(writeSaved(whole));
    assert.deepEqual(again, whole);
    assert.deepEqual(
      new Uint32Array(again.seen?.data.buffer ?? new ArrayBuffer()),
      new Uint32Array(data.buffer),
    );
    const files: SavedInspection = {
      title: 'Q.npy',
      subtitle: '',
      input: {
        kind: 'files',
        files: [
          { path: '../data/Q.npy', sha256: digest },
          { path: 'ä b.npy', sha256: digest },
        ],
        roles: { 'Q.npy': 'Q' },
      },
      parameters: {},
      position: { layer: 0, head: 0, step: 'scores' },
    };
    assert.deepEqual(readSaved(writeSaved(files)), files);
    const { seen: _, continuation: __, mechanism: ___, ...rest } = whole;
    const image: SavedInspection = {
      ...rest,
      input: { kind: 'image', file: { path: 'cat.jpg', sha256: digest } },
    };
    assert.deepEqual(readSaved(`\ufeff${writeSaved(image)}`), image);
  });

  const refused: readonly (readonly [what: string, file: string, sentence: RegExp])[] = [
    ['no JSON', 'attention', /not JSON/],
    ['another JSON', '{"a": 1}', /“format” should be/],
    ['a list', '[]', /“format” should be/],
    ['a later version', changed(['version'], 2), /version 2 .* reads version 1.*Update/],
    ['no input', changed(['input'], undefined), /“input” is not an object/],
    ['an input of another kind', changed(['input', 'kind'], 'hologram'), /“input.kind” is not “text”/],
    ['three texts', changed(['input', 'texts'], ['a', 'b', 'c']), /one text or two/],
    ['a number as text', changed(['input', 'texts', 0], 7), /one text or two/],
    ['a text without its model', changed(['model'], undefined), /“model” is not the model/],
    ['a digest of another form', changed(['model', 'digest'], '../x'), /“model.digest” is not a SHA-256/],
    ['a parameter that is a list', changed(['parameters', 'mask'], []), /“parameters.mask” is not a text/],
    ['a layer below 0', changed(['position', 'layer'], -1), /“position.layer” is not a whole number/],
    ['half a row', changed(['position', 'cell', 'row'], 0.5), /“position.cell.row” is not a whole number/],
    ['tokens that are words', changed(['continuation', 'ids'], ['a']), /“continuation.ids”/],
    ['another ending', changed(['continuation', 'ending'], 'bored'), /“continuation.ending”/],
    ['a matrix without its numbers', changed(['seen', 'data'], 'AAAA'), /“seen.data”.*4 × 4/],
    ['numbers in no base64', changed(['seen', 'data'], '<script>'), /“seen.data”/],
    ['a matrix beyond all bounds', changed(['seen', 'step', 'rows', 'size'], 1e9), /at most 16384 cells/],
    [
      'an axis that there is not',
      changed(['seen', 'step', 'rows', 'axis'], 'constructor'),
      /“seen.step.rows.axis”/,
    ],
    ['too few words', changed(['seen', 'queries', 'words'], ['a']), /“seen.queries.words”/],
    ['an empty row beyond the matrix', changed(['seen', 'emptyRows'], [4]), /“seen.emptyRows”/],
  ];
  for (const [what, file, sentence] of refused) {
    it(`is refused in a sentence: ${what}`, () => {
      assert.throws(
        () => readSaved(file),
        (error) => error instanceof SavedInspectionError && sentence.test(error.message),
      );
    });
  }

  for (const path of [
    '/etc/passwd',
    'C:\\x',
    'c:/x',
    'file://host/share',
    '\\\\host\\share',
    'a\\b',
    'a\u0000b',
    '//host/x',
    '',
  ]) {
    it(`opens nothing elsewhere: ${JSON.stringify(path)}`, () => {
      const file = changed(['input'], { kind: 'files', files: [{ path, sha256: digest }] });
      assert.throws(() => readSaved(file), /“input.files\[0\].path” is not a path that starts at the folder/);
    });
  }

  it('is never read with a raw error, whatever is cut out of it', () => {
    const file = writeSaved(whole);
    for (let at = 0; at < file.length; at += 37) {
      try {
        readSaved(file.slice(0, at) + file.slice(at + 5));
      } catch (error) {
        assert.ok(error instanceof SavedInspectionError, String(error));
      }
    }
  });

  it('shows what was saved where it cannot be run, with nothing in it that runs', () => {
    const page = readOnlyPage({
      language: 'en',
      heading: '<b>x</b>',
      reason: 'The model <i>gone</i> is not here.',
      facts: [['Text', '</dd><script>alert(2)</script>']],
      saved: whole,
      nonce: 'n',
    });
    assert.ok(!/<script|<b>|<i>/.test(page), page);
    assert.ok(page.includes('The model &lt;i&gt;gone&lt;/i&gt; is not here.'));
    assert.equal([...page.matchAll(/data-value="([^"]+)"/g)].length, 16);
    assert.ok(page.includes('Layer 1, head 2'));
    assert.ok(page.includes('default-src &#39;none&#39;'));
  });

  it('tells numbers that are not those that were saved', () => {
    assert.equal(difference(Float32Array.of(1, NaN), Float32Array.of(1, NaN)), 0);
    assert.equal(difference(Float32Array.of(1, 0.5), Float32Array.of(2, 0.5)), 0.5);
    assert.equal(difference(Float32Array.of(1), Float32Array.of(1, 2)), Infinity);
    assert.equal(difference(Float32Array.of(1, 2), Float32Array.of(1, NaN)), Infinity);
  });

  it('runs again as it ran', async function () {
    this.timeout(60_000);
    const first = await inspectText('The animal was tired.', { media });
    const slice = await first.slice('weights', { layer: 2, head: 5 });
    const saved: SavedInspection = {
      ...whole,
      title: first.summary.title,
      input: { kind: 'text', texts: ['The animal was tired.'] },
      parameters: {},
    };
    await first.dispose();
    const { input } = readSaved(writeSaved(saved));
    assert.ok(input.kind === 'text');
    const again = await inspectText(input.texts[0], { media });
    const { data: numbers } = await again.slice('weights', { layer: 2, head: 5 });
    await again.dispose();
    assert.ok(difference(numbers, slice.data) < 1e-6);
  });
});

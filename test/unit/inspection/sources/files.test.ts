import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeNpy } from '../../../../src/formats/npy.js';
import {
  inspectFiles,
  inspectTensors,
  RolesNeeded,
  type OpenInspection,
} from '../../../../src/inspection/index.js';
import { seeded, tensor, type TestTensor } from '../../../support/inspection/numbers.js';

const next = seeded(7);
const Q = tensor([5, 8], next);
const K = tensor([6, 8], next);
const V = tensor([6, 3], next);

describe('an inspection of files', () => {
  let folder = '';
  const open: OpenInspection[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attention-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  async function file(name: string, bytes: Uint8Array | string): Promise<string> {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return path;
  }
  const npy = (name: string, value: TestTensor): Promise<string> => file(name, encodeNpy(value));
  async function inspect(...args: Parameters<typeof inspectFiles>): Promise<OpenInspection> {
    const inspection = await inspectFiles(...args);
    open.push(inspection);
    return inspection;
  }

  it('Q.npy, K.npy and V.npy are one inspection, the same as of the tensors themselves', async () => {
    const paths = [await npy('Q.npy', Q), await npy('K.npy', K), await npy('V.npy', V)];
    const inspection = await inspect(paths);
    const reference = await inspectTensors({ Q, K, V });
    open.push(reference);
    assert.equal(inspection.summary.title, 'Q.npy, K.npy, V.npy');
    for (const { name } of reference.steps) {
      assert.deepEqual((await inspection.slice(name)).data, (await reference.slice(name)).data, name);
    }
  });

  it('JSON with tokens labels both axes; text that looks like HTML or TeX stays text', async () => {
    const words = ['<b>bold</b>', '$x^2$'];
    const path = await file(
      'self.json',
      JSON.stringify({
        Q: [
          [1, 0],
          [0, 1],
        ],
        K: [
          [1, 0],
          [0, 1],
        ],
        tokens: words,
      }),
    );
    const { summary } = await inspect(path);
    assert.deepEqual(summary.queries.words, words);
    assert.deepEqual(summary.keys.words, words);
  });

  it('labels lie beside the file, and those of another number are said and left out', async () => {
    const path = await npy(
      'attention.npy',
      tensor([2, 2], () => 0.5),
    );
    await file('attention.tokens.txt', 'hello\nworld\n');
    assert.deepEqual((await inspect(path)).summary.keys.words, ['hello', 'world']);
    await file('attention.tokens.txt', 'hello\n');
    const { summary } = await inspect(path);
    assert.equal(summary.keys.words, undefined);
    assert.match(summary.notices.join(' '), /1 labels were found for 2 keys/);
  });

  it('labels beside a file that cannot be read are said, and its numbers are shown all the same', async () => {
    const path = await npy(
      'marked.npy',
      tensor([2, 2], () => 0.5),
    );
    for (const [content, said] of [
      ['{"tokens": [1, 2]}', /^marked\.tokens\.json is neither .* left out/],
      ['["the", ', /^marked\.tokens\.json is not valid JSON: .* left out/],
      ['version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 20\n', /Git LFS pointer.* left out/],
    ] as const) {
      await file('marked.tokens.json', content);
      const { summary } = await inspect(path);
      assert.equal(summary.keys.words, undefined);
      assert.ok(
        summary.notices.some((notice) => said.test(notice)),
        summary.notices.join('\n'),
      );
    }
  });

  it('what was taken for what is a notice', async () => {
    const { summary } = await inspect(await file('weights.csv', 'a;b\n0,25;0,75\n1,0;0,0\n'));
    assert.deepEqual(summary.keys.words, ['a', 'b']);
    assert.match(summary.notices.join('\n'), /weights\.csv has its columns separated by semicolons/);
    assert.match(summary.notices.join('\n'), /weights\.csv has decimal commas/);
  });

  it('a comma-separated matrix of weights', async () => {
    const inspection = await inspect(await file('weights.csv', '0.25,0.75\n1,0\n'));
    assert.deepEqual([...(await inspection.slice('weights')).data], [0.25, 0.75, 1, 0]);
  });

  it('asks where names and shapes do not tell, and takes the answer', async () => {
    const paths = [await npy('first.npy', Q), await npy('second.npy', K)];
    const needed = await inspectFiles(paths).catch((error: unknown) => error);
    assert.ok(needed instanceof RolesNeeded);
    assert.match(needed.message, /^Choose which tensors are queries/);
    const [first, second] = needed.question.tensors;
    assert.deepEqual(first?.shape, [5, 8]);
    const roles = { [first?.key ?? '']: 'Q', [second?.key ?? '']: 'K' };
    const inspection = await inspect(paths, { roles });
    assert.deepEqual((await inspection.slice('weights')).shape, [5, 6]);
  });

  it('every bad file gives one sentence that names it, and nothing is left broken', async () => {
    const good = encodeNpy(Q);
    const K6 = await npy(
      'K6.npy',
      tensor([5, 6], () => 0),
    );
    const refused: readonly (readonly [string | string[], RegExp])[] = [
      [await file('short.npy', good.subarray(0, good.length - 3)), /short\.npy.*(ends too early|bytes)/],
      [await file('empty.npy', ''), /empty\.npy/],
      [await file('noise.npz', 'PK\u0003\u0004 not really'), /noise\.npz/],
      [await file('ragged.csv', '1,2\n3\n'), /ragged\.csv/],
      [await file('bad.json', '{"Q": [[1, 2], [3]]}'), /bad\.json.*Q/],
      [
        await file('huge.safetensors', Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 127])),
        /huge\.safetensors/,
      ],
      [join(process.cwd(), 'test/fixtures/formats/object.npy'), /object\.npy.*object/i],
      [join(folder, 'missing.npy'), /missing\.npy cannot be opened: there is no such file/],
      [folder, /is a folder/],
      [[await npy('Q.npy', Q), K6].map((path) => path), /d_k|cannot be told/],
    ];
    for (const [paths, sentence] of refused) {
      const error = await inspectFiles(
        paths,
        Array.isArray(paths) ? { roles: { '0:Q.npy/Q': 'Q', '1:K6.npy/K6': 'K' } } : {},
      ).then(
        () => assert.fail(`${String(paths)} was read`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Error);
      assert.match(error.message, sentence);
      assert.doesNotMatch(error.message, /\n|undefined|\[object/);
    }
    const inspection = await inspect(
      await npy(
        'weights.npy',
        tensor([3, 3], () => 1 / 3),
      ),
    );
    assert.equal((await inspection.slice('weights')).data.length, 9);
  });

  it('decoder and encoder states bring their own words to their own axis', async () => {
    const S = tensor([2, 4], next);
    const H = tensor([3, 4], next);
    const paths = [await npy('states/S.npy', S), await npy('states/H.npy', H)];
    await file('states/S.tokens.txt', 'le\nchat\n');
    await file('states/H.tokens.json', '["the", "cat", "."]');
    const inspection = await inspect(paths);
    assert.equal(inspection.summary.mechanism.id, 'luong');
    assert.deepEqual(inspection.summary.queries.words, ['le', 'chat']);
    assert.deepEqual(inspection.summary.keys.words, ['the', 'cat', '.']);
    const { data } = await inspection.slice('weights');
    const reference = await inspectTensors({ S, H }, { mechanism: 'luong' });
    open.push(reference);
    assert.deepEqual(data, (await reference.slice('weights')).data);
  });

  it('source and target words in the same folder are shown where they are as many as rows', async () => {
    const paths = [
      await npy('pair/S.npy', tensor([2, 4], next)),
      await npy('pair/H.npy', tensor([3, 4], next)),
    ];
    await file('pair/source.txt', 'the\ncat\n.\n');
    await file('pair/target.json', '["le", "chat", "."]');
    const { queries, keys, notices } = (await inspect(paths)).summary;
    assert.deepEqual(keys.words, ['the', 'cat', '.']);
    assert.equal(queries.words, undefined, 'three words are not those of two states');
    assert.deepEqual(notices, []);
  });

  it('one .npz of states and weights is Bahdanau’s attention', async () => {
    const path = join(process.cwd(), 'test/fixtures/inspection/bahdanau.npz');
    const { mechanism, keys, queries } = (await inspect(path)).summary;
    assert.equal(mechanism.id, 'bahdanau');
    assert.deepEqual(queries.words, ['le', 'chat']);
    assert.deepEqual(keys.words, ['the', 'cat', '.']);
  });
});

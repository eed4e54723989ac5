import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  inspectFiles,
  inspectTensors,
  RolesNeeded,
  type OpenInspection,
} from '../../../../src/inspection/index.js';
import { Fixture } from '../../../support/engine/numbers.js';
import { seeded, tensor, type TestTensor } from '../../../support/inspection/numbers.js';

/** A mask under its maker’s name, and what its maker comes to: see make_masks.py. */
interface Case {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly params: Readonly<Record<string, string | number>>;
}

const fixture = new Fixture(join('../inspection', 'masks.safetensors'));
const cases = fixture.described<readonly Case[]>('cases');

function vectors(n: number, m: number, ...lead: number[]): Record<string, TestTensor> {
  const next = seeded(n * 100 + m);
  return {
    Q: tensor([...lead, n, 4], next),
    K: tensor([...lead, m, 4], next),
    V: tensor([...lead, m, 4], next),
  };
}

describe('masks', () => {
  const open: OpenInspection[] = [];
  async function inspect(...args: Parameters<typeof inspectTensors>): Promise<OpenInspection> {
    const inspection = await inspectTensors(...args);
    open.push(inspection);
    return inspection;
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  for (const { name, inputs, params } of cases) {
    it(`mean what their maker says: ${name}`, async () => {
      const tensors = Object.fromEntries(
        inputs.map((key) => {
          const { shape, data } = fixture.tensor(`${name}/in/${key}`);
          return [key, { shape, data: Float32Array.from(data) }];
        }),
      );
      const inspection = await inspect(tensors, { params });
      const { layers, heads } = inspection.summary;
      for (const step of ['weights', 'output']) {
        const expected = fixture.tensor(`${name}/${step}`);
        const [batch = 0, all = 0, rows = 0, columns = 0] = expected.shape;
        assert.deepEqual([layers, heads], [batch, all]);
        for (let place = 0; place < batch * all; place++) {
          const slice = await inspection.slice(step, { layer: Math.floor(place / all), head: place % all });
          assert.deepEqual(slice.shape, [rows, columns]);
          slice.data.forEach((value, cell) => {
            const reference = expected.data[place * rows * columns + cell] ?? Number.NaN;
            // What is masked is no number in a slice, and 0 there.
            const own = step === 'weights' && Number.isNaN(value) ? 0 : value;
            assert.ok(
              Math.abs(own - reference) < 1e-5,
              `${step} ${place}, ${cell}: ${own}, not ${reference}`,
            );
          });
        }
      }
      const mask = inputs.find((key) => /mask|padding/.test(key));
      if (mask !== undefined) {
        assert.ok(
          inspection.summary.notices.some((notice) =>
            notice.startsWith(mask === 'mask' ? 'The mask ' : `The mask ${mask} `),
          ),
          inspection.summary.notices.join('\n'),
        );
      }
    });
  }

  it('with two readings are not guessed: a caller is told how to say which', async () => {
    const attn_mask = tensor([4, 4], (at) => Number(at % 3 !== 0));
    await assert.rejects(
      inspectTensors({ ...vectors(4, 4), attn_mask }),
      /attn_mask \(4, 4\) mean: nn\.MultiheadAttention leaves such keys out.*givenMask: “keep” .* “drop”/,
    );
    const kept = await inspect({ ...vectors(4, 4), attn_mask }, { params: { givenMask: 'keep' } });
    const dropped = await inspect({ ...vectors(4, 4), attn_mask }, { params: { givenMask: 'drop' } });
    const [a, b] = await Promise.all([kept.slice('weights'), dropped.slice('weights')]);
    a.data.forEach((value, at) => {
      assert.notEqual(Number.isNaN(value), Number.isNaN(b.data[at] ?? 0));
    });
  });

  it('with two readings are asked about where a file has them, with a picture of both', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'attention-'));
    try {
      const path = join(folder, 'dump.json');
      const rows = [
        [1, 0, 1],
        [1, 1, 0],
        [0, 1, 1],
      ];
      const { Q, K, V } = vectors(3, 3);
      const listed = ({ data }: TestTensor): number[][] =>
        [0, 1, 2].map((row) => [...data.subarray(row * 4, row * 4 + 4)]);
      assert.ok(Q && K && V);
      const mask = rows.map((row) => row.map(Boolean));
      await writeFile(path, JSON.stringify({ Q: listed(Q), K: listed(K), V: listed(V), attn_mask: mask }));
      const asked = await inspectFiles(path).then(
        () => assert.fail('It was not asked.'),
        (error: unknown) => error,
      );
      assert.ok(asked instanceof RolesNeeded);
      const { reason, settings } = asked.question;
      assert.match(reason, /^Choose what the ones of attn_mask \(3, 3\) mean/);
      assert.deepEqual(settings, [
        {
          parameter: 'givenMask',
          title: 'Meaning of attn_mask (3, 3)',
          reason,
          choices: [
            { value: 'keep', title: '1 takes part', picture: '█·█ ██· ·██' },
            { value: 'drop', title: '1 is left out', picture: '·█· ··█ █··' },
          ],
        },
      ]);
      for (const [givenMask, kept] of [
        ['keep', 1],
        ['drop', 0],
      ] as const) {
        const inspection = await inspectFiles(path, { params: { givenMask } });
        open.push(inspection);
        const { data } = await inspection.slice('weights');
        assert.deepEqual(
          [...data].map((value) => !Number.isNaN(value)),
          rows.flat().map((value) => value === kept),
        );
        assert.match(inspection.summary.notices.join(), /The mask attn_mask .*, as you said/);
      }
      const without = await inspectFiles(path, { params: { givenMask: 'off' } });
      open.push(without);
      assert.match(without.summary.notices.join(), /The mask attn_mask is not applied, as was chosen/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are turned round by a control, which says so', async () => {
    const key_padding_mask = tensor([5], (at) => Number(at > 2));
    const inspection = await inspect({ ...vectors(3, 5), key_padding_mask });
    const [before] = inspection.summary.notices;
    assert.match(before ?? '', /key_padding_mask leaves out the keys that are 1, as PyTorch’s/);
    const { notices } = await inspection.change({ padding: 'keep' });
    assert.match(notices[0] ?? '', /key_padding_mask keeps the keys that are 1, as was chosen/);
    const { data } = await inspection.slice('weights', { rows: [0, 1] });
    assert.deepEqual([...data].map(Number.isNaN), [true, true, true, false, false]);
  });

  it('show in a step each what they took away', async () => {
    const padding = tensor([6], (at) => Number(at < 5));
    const inspection = await inspect(
      { ...vectors(6, 6), padding },
      { params: { causal: 'on', windowLeft: 2 } },
    );
    const names = inspection.steps.map(({ name }) => name);
    assert.deepEqual(names.slice(4), [
      'scaled',
      'masked_causal',
      'masked_window',
      'masked',
      'weights',
      'output',
    ]);
    const left = async (step: string): Promise<number> =>
      (await inspection.slice(step)).data.filter((value) => !Number.isNaN(value)).length;
    assert.deepEqual(
      await Promise.all(['scaled', 'masked_causal', 'masked_window', 'masked', 'weights'].map(left)),
      [36, 21, 15, 14, 14],
    );
  });

  it('by position are aligned to the start, or to the end behind keys from before, and say which', async () => {
    const weights = async (
      tensors: Record<string, TestTensor>,
      params: Record<string, string | number>,
    ): Promise<[rows: string[], notices: readonly string[]]> => {
      const inspection = await inspect(tensors, { params: { causal: 'on', ...params } });
      const { data, shape } = await inspection.slice('weights');
      const row = (at: number): string =>
        [...data.subarray(at * (shape[1] ?? 0), (at + 1) * (shape[1] ?? 0))]
          .map((value) => (Number.isNaN(value) ? '·' : '█'))
          .join('');
      return [Array.from({ length: shape[0] ?? 0 }, (_, at) => row(at)), inspection.summary.notices];
    };
    const [start, first] = await weights(vectors(2, 4), {});
    assert.deepEqual(start, ['█···', '██··']);
    assert.match(first.join(), /aligned to the start, as PyTorch’s is_causal/);
    const [end, last] = await weights(vectors(2, 4), { queryPlaces: 'end' });
    assert.deepEqual(end, ['███·', '████']);
    assert.match(last.join(), /aligned to the end/);
    const { K: past_K, V: past_V } = vectors(2, 2);
    assert.ok(past_K && past_V);
    const [past, behind] = await weights({ ...vectors(2, 2), past_K, past_V }, {});
    assert.deepEqual(past, ['███·', '████']);
    assert.match(behind.join(), /stands behind the keys from before/);
  });

  it('that do not fit are refused in a sentence with what they may be', async () => {
    const refused: readonly (readonly [Record<string, TestTensor>, RegExp])[] = [
      [{ mask: tensor([3, 5], () => 1) }, /mask is \(query 4, key 5\).*\(3, 5\) was given/],
      [{ mask: tensor([2, 4, 5], () => 1) }, /\(head 3, query 4, key 5\).*\(2, 4, 5\) was given/],
      [{ mask: tensor([2, 3, 4, 6], () => 1) }, /\(2, 3, 4, 6\) was given/],
      [{ padding: tensor([4], () => 1) }, /padding mask is \(key 5\), but \(4,\) was given/],
      [{ lengths: tensor([2], () => 1) }, /one number for each sequence, 1 here, but \(2,\) was given/],
    ];
    for (const [masks, message] of refused) {
      await assert.rejects(inspectTensors({ ...vectors(4, 5, 3), ...masks }), message);
    }
  });
});

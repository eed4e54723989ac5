import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collapsed } from '../../../../src/inspection/sources/onnx/run.js';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { describe as describeModel, findCheckpoints } from '../../../../src/models/index.js';
import { fixtures, media, tensorNamed, tensorsIn } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const folder = join(fixtures, 'onnx');
/** TEXT of make_onnx.py. */
const text = 'Attention maps a query and keys to an output.';

/** What stands before the softmax, by the file: steps from queries and keys to the weights. */
const plain = ['Q', 'K', 'V', 'scores', 'scaled', 'masked', 'weights', 'output'];
/** What changes nothing is no step. */
const isShown = (step: string, { settings: { causal, keepMask, scaling }, otherMasks }: Case): boolean =>
  step === 'masked'
    ? causal === 'on' || keepMask !== undefined || otherMasks === true
    : step !== 'scaled' || scaling !== 'none';
const including = (step: string): string[] =>
  plain.flatMap((each) => (each === 'masked' ? [step, each] : [each]));

interface Case {
  readonly file: string;
  readonly steps?: readonly string[];
  readonly settings: Readonly<Record<string, string | number>>;
  /** How many heads of keys there are, where several queries share them. */
  readonly groups?: number;
  /** Set where the first layer masks nothing, but others do: all have the same steps. */
  readonly otherMasks?: true;
}

const cases: readonly Case[] = [
  ...['eager-14', 'sdpa-14', 'dynamo-18', 'dynamo-sdpa-18', 'optimised'].map((name) => ({
    file: `bert/${name}.onnx`,
    settings: { causal: 'off', scaling: 'sqrt' },
  })),
  { file: 'distilbert/dynamo-18.onnx', settings: { causal: 'off', scaling: 'sqrt' } },
  // make_onnx_forms.py: layers as functions of the model's own, and two exports behind one condition.
  ...['eager-14', 'dynamo-18'].map((name) => ({
    file: `forms/functions/${name}.onnx`,
    settings: { causal: 'off', scaling: 'sqrt' },
  })),
  { file: 'forms/merged/decoder_model_merged.onnx', settings: { causal: 'on', scaling: 'sqrt' } },
  { file: 'forms/nested/nested.onnx', settings: { causal: 'on', scaling: 'number', divisor: 4 } },
  ...['eager-14', 'dynamo-sdpa-18', 'with-past'].map((name) => ({
    file: `gpt2/${name}.onnx`,
    settings: { causal: 'on', scaling: 'sqrt' },
  })),
  ...['eager-14', 'dynamo-sdpa-18', 'dynamo-sdpa-23', 'with-past', 'model'].map((name) => ({
    file: `llama/onnx/${name}.onnx`,
    settings: { causal: 'on', scaling: 'sqrt' },
    groups: 2,
  })),
  ...['eager-14', 'dynamo-18'].map((name) => ({
    file: `gemma2/${name}.onnx`,
    settings: { keepMask: 'keep', scaling: 'number', softcap: 2.5 },
    steps: including('capped'),
    groups: 2,
  })),
  {
    file: 'modernbert/dynamo-sdpa-18.onnx',
    settings: { causal: 'off', scaling: 'sqrt' },
    otherMasks: true,
  },
  {
    file: 't5/encoder_model.onnx',
    settings: { causal: 'off', scaling: 'none', bias: 'matrix' },
    steps: including('biased'),
  },
  {
    file: 'mpnet/eager-14.onnx',
    settings: { causal: 'off', scaling: 'sqrt', bias: 'matrix' },
    steps: including('biased'),
  },
  { file: 'by-hand/attention.onnx', settings: { causal: 'on', scaling: 'number' } },
  {
    file: 'by-hand/multi-head-attention.onnx',
    settings: { causal: 'off', bias: 'matrix' },
    steps: including('biased'),
  },
  ...['', '-packed'].map((form) => ({
    file: `by-hand/group-query-attention${form}.onnx`,
    settings: { keepMask: 'keep', scaling: 'sqrt' },
    groups: 2,
  })),
  {
    file: 'by-hand/standard-attention.onnx',
    settings: { causal: 'on', scaling: 'number', divisor: 2, softcap: 3 },
    steps: including('capped'),
    groups: 2,
  },
  ...['lengths', 'past'].map((form) => ({
    file: `by-hand/standard-attention-${form}.onnx`,
    settings: { causal: 'on', scaling: 'sqrt' },
    groups: 2,
  })),
  { file: 'by-hand/einsum.onnx', settings: { causal: 'off', scaling: 'sqrt' } },
  {
    file: 'by-hand/gated.onnx',
    settings: { causal: 'off', scaling: 'none' },
    steps: plain.filter((each) => each !== 'Q' && each !== 'K'),
  },
];

/** What a mask took away is told apart from a weight of 0 in a slice; in PyTorch it is 0. */
function difference(own: number | undefined, theirs: number | undefined): number {
  return Number.isNaN(own) && theirs === 0 ? 0 : Math.abs((own ?? NaN) - (theirs ?? NaN));
}

describe('Text through an ONNX export', () => {
  const open: OpenInspection[] = [];
  let scratch: string;

  async function inspect(
    file: string,
    params: Readonly<Record<string, string | number>> = {},
    more: { readonly text?: string; readonly second?: string } = {},
  ): Promise<OpenInspection> {
    const { text: own = text, ...rest } = more;
    const inspection = await inspectText(own, { media, model: file, params, ...rest });
    open.push(inspection);
    return inspection;
  }

  async function failure(file: string): Promise<string> {
    return inspect(file).then(
      () => assert.fail(`${file} was read`),
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  }

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'attention-onnx-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
    await rm(scratch, { recursive: true });
  });

  for (const each of cases) {
    const { file, settings, groups, steps = plain } = each;
    it(`${file}: has the weights that transformers computes, from its own queries and keys`, async () => {
      const inspection = await inspect(join(folder, file));
      const { layers, heads, parameters, queries } = inspection.summary;
      const expected = await tensorsIn(
        join(
          folder,
          file.startsWith('by-hand')
            ? file.replace('.onnx', '.safetensors')
            : `${/^(?:forms\/)?[^/]+/.exec(file)?.[0] ?? ''}/expected.safetensors`,
        ),
      );
      const ids = tensorNamed(expected, 'ids');
      const attentions = tensorNamed(expected, 'attentions');
      assert.deepEqual([layers, heads, queries.count], attentions.shape.slice(0, 3));
      assert.equal(queries.count, ids.data.length);
      assert.deepEqual(
        inspection.summary.steps.map(({ name }) => name),
        steps.filter((step) => isShown(step, each)),
      );
      for (const [name, value] of Object.entries(settings)) {
        assert.equal(parameters.find((each) => each.name === name)?.value, value, name);
      }
      const size = queries.count * queries.count;
      for (let layer = 0; layer < layers; layer++) {
        for (let head = 0; head < heads; head++) {
          const { data } = await inspection.slice('weights', { layer, head });
          const start = (layer * heads + head) * size;
          const worst = data.reduce(
            (most, value, at) => Math.max(most, difference(value, attentions.data[start + at])),
            0,
          );
          assert.ok(worst < 1e-5, `layer ${layer}, head ${head} differs by ${worst}`);
        }
      }
      if (groups !== undefined) {
        const K = inspection.summary.steps.find(({ name }) => name === 'K');
        assert.ok(K?.perHead);
        const [first, second] = await Promise.all(
          [0, heads / groups - 1].map((head) => inspection.slice('K', { layer: 0, head })),
        );
        assert.deepEqual(first?.data, second?.data);
      }
    });
  }

  it('tells where attention was found', async () => {
    const [found = ''] = (await inspect(join(folder, 'llama/onnx/dynamo-sdpa-23.onnx'))).summary.notices;
    assert.equal(
      found,
      'Attention was found in 2 places of the graph (Attention): model.layers.0.self_attn, model.layers.1.self_attn.',
    );
    const layers = Array.from({ length: 12 }, (_, at) => `/encoder/layer.${at}/attention/self`);
    assert.deepEqual(collapsed([...layers, 'pooler']), ['/encoder/layer.{0…11}/attention/self', 'pooler']);
    assert.deepEqual(collapsed(['Softmax', 'Softmax_1', 'Softmax_2']), ['Softmax', 'Softmax_1', 'Softmax_2']);
    assert.deepEqual(collapsed(['a.0.b.1', 'a.1.b.2', 'a.2.b.3']), ['a.0.b.1', 'a.1.b.2', 'a.2.b.3']);
  });

  it('names a softmax that does not run over the keys', async () => {
    for (const [name, said] of [
      [
        'over-queries',
        /its softmax runs over axis 2 of \(1, 2, \d+, \d+\), the queries, and not over the keys/,
      ],
      ['over-heads', /its softmax runs over axis 1 of \(1, 2, \d+, \d+\), and not over the keys/],
      ['joint', /its softmax runs over all axes from 2 on together/],
      ['joint-unsaid', /its softmax runs over all axes from 1 on together/],
      ['transposed', /the softmax \/attn\/Softmax runs over the queries, and not over the keys/],
    ] as const) {
      const message = await failure(join(folder, `forms/softmax/${name}.onnx`));
      assert.match(message, said);
      assert.ok(message.startsWith(`${name}.onnx`), message);
    }
  });

  it('names a function that cannot be written out in its place', async () => {
    assert.match(
      await failure(join(folder, 'forms/nested/other-set.onnx')),
      /^other-set\.onnx has its layers in functions of its own, of which own\.Attend is written for another/,
    );
  });

  it('shows scores alone where they are made in a way of their own, and says why', async () => {
    const { notices } = (await inspect(join(folder, 'by-hand/gated.onnx'))).summary;
    assert.match(
      notices[1] ?? '',
      /^Queries and keys are not shown, .*\/gated: its scores are multiplied by gate of shape \(4, 1, 1\), not by a number/,
    );
  });

  it('fills a text up to the length that an export always reads, and masks what it filled in', async () => {
    const inspection = await inspect(join(folder, 'bert/fixed-24.onnx'));
    const { queries, notices } = inspection.summary;
    const expected = await tensorsIn(join(folder, 'bert/expected.safetensors'));
    const attentions = tensorNamed(expected, 'attentions');
    const n = tensorNamed(expected, 'ids').data.length;
    assert.equal(inspection.summary.title, 'bert/fixed-24.onnx');
    assert.deepEqual([queries.count, queries.words?.at(-1), queries.marks?.at(-1)], [24, '[PAD]', null]);
    assert.equal(notices.at(-1), `fixed-24.onnx always reads 24 tokens: ${24 - n} of them are padding.`);
    const { data } = await inspection.slice('weights', { layer: 1, head: 2 });
    for (let query = 0; query < n; query++) {
      for (let key = 0; key < 24; key++) {
        const theirs = key < n ? attentions.data[((3 + 2) * n + query) * n + key] : 0;
        assert.ok(difference(data[query * 24 + key], theirs) < 1e-5, `${query}, ${key}`);
      }
    }
  });

  it('changes what each layer does with its queries and keys, and says that these stay', async () => {
    const inspection = await inspect(join(folder, 'gpt2/eager-14.onnx'));
    const before = await inspection.slice('masked', { layer: 1, head: 0 });
    const changed = await inspection.change({ causal: 'off', temperature: 2 });
    assert.ok(
      changed.notices.some((notice) => notice.startsWith('What was changed acts in each layer by itself')),
    );
    const after = await inspection.slice('scaled', { layer: 1, head: 0 });
    assert.ok(Math.abs((after.data[33] ?? NaN) * 2 - (before.data[33] ?? NaN)) < 1e-5);
    assert.equal(before.data[1], NaN);
    assert.ok(Number.isFinite(after.data[1]));
    const back = await inspection.change({ causal: 'on', temperature: 1 });
    assert.equal(back.notices.length, 1);
  });

  it('reads one token, and says what it leaves out of a longer text', async () => {
    const file = join(folder, 'gpt2/eager-14.onnx');
    const one = await inspect(file, {}, { text: 'a' });
    assert.equal(one.summary.queries.count, 1);
    assert.deepEqual([...(await one.slice('weights', { layer: 0, head: 1 })).data], [1]);
    const long = await inspect(file, {}, { text: 'keys and values '.repeat(20), second: 'another' });
    assert.equal(long.summary.queries.count, 40);
    assert.match(long.summary.notices[1] ?? '', /^Truncated to the model’s limit: 40 of \d+ tokens\.$/);
    assert.equal(long.summary.notices[2], 'eager-14.onnx reads one text: the second selection was not used.');
  });

  it('runs a mechanism on words of the embedded model instead, and says so', async () => {
    const inspection = await inspectText(text, {
      media,
      model: join(folder, 'bert/eager-14.onnx'),
      mechanism: 'luong',
    });
    open.push(inspection);
    assert.match(inspection.summary.title, /all-MiniLM-L6-v2/);
  });

  it('is in lists of models, with what lies beside it', async () => {
    const found = await findCheckpoints(platform, [join(folder, 'llama')]);
    const [first] = found.filter((each) => each.kind === 'model');
    assert.deepEqual(
      found.flatMap((each) => (each.kind === 'model' ? [each.model.name] : [each.path])),
      ['dynamo-sdpa-18', 'dynamo-sdpa-23', 'eager-14', 'model', 'with-past'].map(
        (name) => `llama/onnx/${name}.onnx`,
      ),
    );
    assert.equal(first?.model.family, 'Llama (ONNX)');
    assert.deepEqual(
      [first.model.layers, first.model.heads, first.model.width, first.model.limit],
      [2, 4, 16, 64],
    );
  });

  it('follows the links of the Hugging Face cache to its graph and to its weights', async () => {
    const [blobs, snapshot] = [join(scratch, 'blobs'), join(scratch, 'snapshots/abc/onnx')];
    await mkdir(blobs, { recursive: true });
    await mkdir(snapshot, { recursive: true });
    for (const [file, blob] of [
      ['model.onnx', '0a'],
      ['model.onnx_data', '0b'],
    ] as const) {
      await copyFile(join(folder, 'llama/onnx', file), join(blobs, blob));
      await symlink(join(blobs, blob), join(snapshot, file));
    }
    for (const file of ['tokenizer.json', 'config.json']) {
      await copyFile(join(folder, 'llama', file), join(scratch, 'snapshots/abc', file));
    }
    const { summary } = await inspect(join(snapshot, 'model.onnx'));
    assert.equal(summary.layers, 2);
  });

  it('refuses in one sentence what it cannot read', async () => {
    const llama = join(scratch, 'llama');
    await cp(join(folder, 'llama'), llama, { recursive: true });
    const data = join(llama, 'onnx/model.onnx_data');
    const bytes = await readFile(data);
    await writeFile(data, bytes.subarray(0, 64));
    assert.match(
      await failure(join(llama, 'onnx/model.onnx')),
      /^model\.onnx: "model\.onnx_data" ends too early: the constant "[^"]+" reaches to byte \d+, but the file has 64\.$/,
    );
    await rm(data);
    assert.equal(
      await failure(join(llama, 'onnx/model.onnx')),
      'model.onnx has its weights in "model.onnx_data", which is not beside it.',
    );
    await symlink('/etc/hostname', data);
    assert.match(
      await failure(join(llama, 'onnx/model.onnx')),
      /lies in "model\.onnx_data", outside of its folder\.$/,
    );
    await rm(join(llama, 'tokenizer.json'));
    assert.equal(
      await failure(join(llama, 'onnx/eager-14.onnx')),
      'eager-14.onnx has no tokenizer.json, without which text cannot become tokens.',
    );
    assert.match(
      await failure(join(folder, 'by-hand/standard-attention-before.onnx')),
      /^standard-attention-before\.onnx: \/attn puts keys and values from before \(before_k\) in front of its own/,
    );
    assert.match(
      await failure(join(folder, 'by-hand/none.onnx')),
      /^none\.onnx has no attention that was found: of its 1 nodes none is a softmax between two products/,
    );
    assert.match(
      await failure(join(folder, 'bert/invalid.onnx')),
      /^invalid\.onnx: ONNX Runtime refused the graph: .*node_Add/,
    );
    assert.match(await failure(join(folder, 'by-hand/missing.onnx')), /^missing\.onnx.*no such file/);
    const other = join(scratch, 'other.onnx');
    await writeFile(other, 'no graph at all');
    assert.match(
      await failure(other),
      /^other\.onnx (ends too early|is no protocol buffers message|has a number|is no ONNX model)/,
    );
    assert.equal((await describeModel(platform, other)).kind, 'unusable');
  });
});

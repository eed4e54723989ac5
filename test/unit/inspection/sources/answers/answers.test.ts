import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectText, type OpenInspection } from '../../../../../src/inspection/index.js';
import { Model } from '../../../../../src/models/model.js';
import { distance, fixtures, media, readJson } from '../../../../support/models/expected.js';
import { spansIn } from '../../../../support/spans.js';
import { platform } from '../../../../support/platform.js';

/** What `transformers` computes, by make_answers.py. */
interface Expected {
  readonly question: string;
  readonly context: string;
  readonly ids: readonly number[];
  readonly segments: readonly number[];
  readonly start: readonly number[];
  readonly end: readonly number[];
  /** Of the last layer, the first head, the first token. */
  readonly weights: readonly number[];
  /** First and last token, probability, text. */
  readonly spans: readonly (readonly [number, number, number, string])[];
  readonly none: number;
}

const folder = (name: string): string => join(fixtures, 'answers', name);
const expectedOf = (name: string): readonly Expected[] =>
  readJson<readonly Expected[]>(readFileSync(join(folder(name), 'expected.json'), 'utf8'));
const families = ['bert', 'roberta', 'distilbert', 'albert', 'electra', 'mpnet', 'modernbert'];

describe('Questions that a text answers', () => {
  const open: OpenInspection[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  async function inspect(model: string, text: string, second?: string): Promise<OpenInspection> {
    const given = second === undefined ? {} : { second };
    const inspection = await inspectText(text, { media, model: folder(model), ...given });
    open.push(inspection);
    return inspection;
  }

  for (const name of families) {
    it(`${name}: are put together with their text as the tokenizers library does`, async () => {
      const model = await Model.open(platform, folder(name));
      try {
        assert.equal(model.answers, true);
        for (const { question, context, ids, segments } of expectedOf(name)) {
          const encoding = await model.encodePair(question, context);
          assert.deepEqual(encoding.ids, ids);
          assert.deepEqual(encoding.segments, segments);
        }
      } finally {
        await model.dispose();
      }
    });

    it(`${name}: are answered as transformers answers them`, async () => {
      for (const { question, context, start, end, spans, none, weights } of expectedOf(name)) {
        const inspection = await inspect(name, question, context);
        const { layers, queries, answers = assert.fail(), title } = inspection.summary;
        const logits = await inspection.slice('logits'); // (query, edge)
        assert.deepEqual(logits.shape, [start.length, 2]);
        const expected = start.flatMap((each, at) => [each, end[at] ?? Number.NaN]);
        assert.ok(distance(logits.data, expected) < 1e-4);

        const best = answers.spans.slice(0, spans.length);
        assert.deepEqual(
          best.map(({ first, last, text }) => [first, last, text]),
          spans.map(([first, last, , text]) => [first, last, text.trim()]),
        );
        const shares = spans.map(([, , probability]) => probability);
        assert.ok(
          distance(
            Float32Array.from(best, ({ probability }) => probability),
            shares,
          ) < 1e-5,
        );
        assert.ok(Math.abs(answers.none - none) < 1e-5);
        assert.ok(title.endsWith(` → “${best[0]?.text}”`), title);

        const { data } = await inspection.slice('weights', { layer: layers - 1, head: 0 });
        assert.ok(distance(data.slice(0, queries.count), weights) < 1e-5);
      }
    });
  }

  it('have steps behind the layers, the same for all, each with its formula, code and arithmetic', async () => {
    const [{ question, context, start } = assert.fail()] = expectedOf('modernbert');
    const inspection = await inspect('modernbert', question, context);
    const own = inspection.steps.filter(({ phase }) => phase === 'task');
    assert.deepEqual(
      own.map(({ name }) => name),
      ['hidden', 'transformed', 'logits', 'masked_logits', 'probabilities'],
    );
    assert.equal(own[2]?.tex, 'L = T W^A + b^A');
    assert.equal(own[4]?.tex, 'P = \\operatorname{softmax}\\left(\\hat{L}\\right)');
    const { data, shape } = await inspection.slice('probabilities'); // (edge, key)
    assert.deepEqual(shape, [2, start.length]);
    const again = await inspection.slice('probabilities', { layer: 1, head: 2 });
    assert.deepEqual(again.data, data);
    const [first = assert.fail()] = inspection.summary.answers?.spans ?? [];
    for (const [row, column, share] of [
      [0, first.first, first.start],
      [1, first.last, first.end],
    ] as const) {
      const { value, sums } = await inspection.arithmetic('probabilities', { row, column });
      assert.ok(Math.abs(value - share) < 1e-6);
      assert.equal(sums[0]?.picked, column);
    }
    const logit = await inspection.arithmetic('logits', { row: first.first, column: 0 });
    assert.ok(Math.abs(logit.value - (start[first.first] ?? Number.NaN)) < 1e-4);
    assert.match(
      (await inspection.arithmetic('masked_logits', { row: 0, column: 1 })).remark ?? '',
      /^Masked/,
    );
    assert.match(
      await inspection.code('numpy'),
      /\nlogits = transformed @ W_A \+ b_A {2}# \(query \d+, endpoint 2\)\n/,
    );
    assert.match(
      await inspection.code('pytorch'),
      /\ntransformed = .*layer_norm\(.*gelu\(hidden @ W_T\), g_T\.shape, g_T, \S/,
    );
    for (const language of ['numpy', 'pytorch', 'latex'] as const) {
      // A leaf without a name would leave a gap.
      const lines = (await inspection.code(language)).split('\n');
      for (const line of lines) assert.doesNotMatch(line, /\(, |, ,|len\(\)|&= *$/);
    }
    assert.match(await inspection.code('latex'), /P &= \\operatorname\{softmax\}/);
  });

  it('are answered anew when what attention does is changed', async () => {
    const [{ question, context } = assert.fail()] = expectedOf('bert');
    const inspection = await inspect('bert', question, context);
    const before = inspection.summary.answers ?? assert.fail();
    for (const mask of ['causal', 'none']) {
      const { answers = assert.fail() } = await inspection.change({ mask });
      const { data, shape } = await inspection.slice('probabilities');
      const columns = shape[1] ?? 0;
      for (const { first, last, probability } of answers.spans) {
        const product = (data[first] ?? Number.NaN) * (data[columns + last] ?? Number.NaN);
        assert.ok(Math.abs(product - probability) < 1e-6);
      }
      if (mask === 'none') assert.deepEqual(answers, before);
      else assert.notDeepEqual(answers, before);
    }
  });

  it('are found in one selection, with the places of question and answer in it', async () => {
    for (const { question, context, spans } of expectedOf('bert').filter(
      ({ context: { length } }) => length > 9,
    )) {
      const text = `Some words.\r\n${question}\r\n\r\n${context}\n`;
      const { summary } = await inspect('bert', text);
      const [[first, last, , answer] = assert.fail()] = spans;
      const places = spansIn(summary.queries) ?? [];
      assert.equal(text.slice(places[first]?.start, places[last]?.end), answer);
      assert.equal(text.slice(places[1]?.start, places[1]?.end), 'W');
      assert.equal(
        summary.notices[0],
        `The question is “${question}”; what comes after it is the text that answers. What comes before it is left out. To choose otherwise, select the question, and the text as a second selection.`,
      );
    }
  });

  it('may stand in a text of its own, where its tokens have their places', async () => {
    const { question, context, spans } = expectedOf('roberta')[2] ?? assert.fail();
    const { summary } = await inspect('roberta', question, context);
    const [[first, last, , answer] = assert.fail()] = spans;
    const marks = summary.queries.marks?.slice(first, last + 1) ?? [];
    const places = spansIn({ count: marks.length, marks }, 1) ?? [];
    assert.equal(context.slice(places[0]?.start, places.at(-1)?.end), answer);
    const asked = spansIn({ count: 1, marks: summary.queries.marks?.slice(1, 2) ?? [] });
    assert.equal(question.slice(asked?.[0]?.start, asked?.[0]?.end), question.slice(0, 1));
    assert.deepEqual(summary.media, [
      { id: 'text-0', kind: 'text', index: 0 },
      { id: 'text-1', kind: 'text', index: 1 },
    ]);
    assert.deepEqual(summary.notices, []);
  });

  it('need a question: without one the text is read, and a line says what could be asked', async () => {
    const { summary } = await inspect('bert', 'A query is compared with keys.');
    assert.equal(summary.title, 'bert');
    assert.equal(summary.answers, undefined);
    assert.match(
      summary.notices.join('\n'),
      /bert points at answers: select a question together with the text/,
    );
  });

  it('leave out the end of a text that is too long, and refuse a question that leaves no room', async () => {
    const [{ question } = assert.fail()] = expectedOf('bert');
    const { summary } = await inspect('bert', question, 'keys and values '.repeat(60));
    assert.equal(summary.queries.count, 90);
    assert.match(
      summary.notices[0] ?? '',
      /^Truncated to the model’s limit: \d+ of \d+ tokens of the text\.$/,
    );
    await assert.rejects(inspect('bert', `${'keys '.repeat(90)}?`, 'values'), {
      name: 'ModelError',
      message:
        /^The question has \d+ tokens, which leaves no room for a text to answer it: the model reads 90 together\.$/,
    });
  });

  it('say which of two texts is empty', async () => {
    await assert.rejects(inspect('bert', 'Who?', ' \n'), {
      message: 'There is no text to answer the question: the second text is empty.',
    });
    await assert.rejects(inspect('bert', ' ', 'Ada.'), {
      message: 'There is no question: the first text is empty.',
    });
  });

  it('find no answer in a text that has no token', async () => {
    const { summary } = await inspect('bert', 'Who?', '\u0001');
    assert.deepEqual(summary.answers, { question: 'Who?', spans: [], none: 1 });
    assert.equal(summary.title, '“Who?” → no answer');
  });
});

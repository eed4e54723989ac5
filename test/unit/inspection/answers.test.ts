import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { splitQuestion } from '../../../src/inspection/answers/question.js';
import { answersIn } from '../../../src/inspection/answers/spans.js';
import { inspectText, type OpenInspection } from '../../../src/inspection/index.js';
import { Model } from '../../../src/models/model.js';
import { Runtime } from '../../../src/runtime/session.js';
import { distance, fixtures, media, readJson } from '../models/expected.js';

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

describe('Questions that a text answers', () => {
  const runtime = new Runtime();
  const open: OpenInspection[] = [];
  after(() => runtime.dispose());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  async function inspect(model: string, text: string, second?: string): Promise<OpenInspection> {
    const inspection = await inspectText(text, { media, model, ...(second === undefined ? {} : { second }) });
    open.push(inspection);
    return inspection;
  }

  for (const name of ['bert', 'roberta', 'distilbert', 'albert', 'electra', 'mpnet']) {
    it(`${name}: are answered as transformers answers them`, async () => {
      const model = await Model.open(folder(name));
      try {
        assert.equal(model.answers, true);
        for (const expected of expectedOf(name)) {
          const encoding = await model.encodePair(expected.question, expected.context);
          assert.deepEqual(encoding.ids, expected.ids);
          assert.deepEqual(encoding.segments, expected.segments);
          const graph = model.build(encoding.ids.length, model.attention);
          const feeds = graph.feeds(encoding.ids, encoding.segments);
          const [logits] = await runtime.run([model.answerLogits(graph)], feeds);
          assert.ok(logits);
          const column = (at: number): number[] =>
            encoding.ids.map((_, row) => logits.data[2 * row + at] ?? NaN);
          assert.ok(distance(column(0), expected.start) < 1e-4);
          assert.ok(distance(column(1), expected.end) < 1e-4);
          const isContext = encoding.parts.map((part) => part === 1);
          const { spans, none } = answersIn(logits.data, isContext, expected.spans.length);
          assert.deepEqual(
            spans.map(({ first, last }) => [first, last]),
            expected.spans.map(([first, last]) => [first, last]),
          );
          const shares = expected.spans.map(([, , probability]) => probability);
          assert.ok(
            distance(
              spans.map(({ probability }) => probability),
              shares,
            ) < 1e-5,
          );
          assert.ok(Math.abs(none - expected.none) < 1e-5);

          const inspection = await inspect(folder(name), expected.question, expected.context);
          const [text = ''] = expected.spans[0]?.slice(3) ?? [];
          assert.ok(
            inspection.summary.title.endsWith(` → “${String(text).trim()}”`),
            inspection.summary.title,
          );
          const { layers, queries } = inspection.summary;
          const { data } = await inspection.slice('weights', { layer: layers - 1, head: 0 });
          assert.ok(distance(data.slice(0, queries.count), expected.weights) < 1e-5);
        }
      } finally {
        await model.dispose();
      }
    });
  }

  it('are found in one selection, with the places of question and answer in it', async () => {
    const [{ question, context, spans } = assert.fail()] = expectedOf('bert');
    const text = `${question}\n\n${context}`;
    const { summary } = await inspect(folder('bert'), text);
    const [first = 0, last = 0, probability = 0, answer = ''] = spans[0] ?? [];
    const places = summary.queries.places ?? [];
    assert.equal(text.slice(places[first]?.start, places[last]?.end), answer);
    assert.equal(text.slice(places[1]?.start, places[1]?.end), 'W');
    assert.match(
      summary.notices[0] ?? '',
      new RegExp(
        `^The likeliest answers in the text: “${answer}” ${(100 * probability).toPrecision(2)} % \\(token`,
      ),
    );
  });

  it('need a question: without one the text is read, and a line says what could be asked', async () => {
    const { summary } = await inspect(folder('bert'), 'A query is compared with keys.');
    assert.equal(summary.title, 'bert');
    assert.match(
      summary.notices.join('\n'),
      /bert points at answers: select a question together with the text/,
    );
  });

  it('leave out the end of a text that is too long, and refuse a question that leaves no room', async () => {
    const [{ question } = assert.fail()] = expectedOf('bert');
    const { summary } = await inspect(folder('bert'), question, 'keys and values '.repeat(60));
    assert.equal(summary.queries.count, 90);
    assert.match(summary.notices[1] ?? '', /^bert reads 90 tokens at a time: .* without the last \d+\.$/);
    await assert.rejects(inspect(folder('bert'), `${'keys '.repeat(90)}?`, 'values'), {
      name: 'ModelError',
      message: /^The question has \d+ tokens, which leaves no room/,
    });
    await assert.rejects(inspect(folder('bert'), question, '  '), /There is no text to inspect/);
  });

  it('are told from what stands around them', () => {
    const asked = (text: string) => {
      const found = splitQuestion(text);
      return found && [found.question, found.context];
    };
    assert.deepEqual(asked('Who came? Ada came.'), ['Who came?', 'Ada came.']);
    assert.deepEqual(asked('Ada came. Then who left?'), ['Then who left?', 'Ada came.']);
    assert.deepEqual(asked('# It\nWho came?” \nAda came? No.'), ['Who came?”', 'Ada came? No.']);
    assert.deepEqual(asked('谁来了？ 阿达。'), ['谁来了？', '阿达。']);
    assert.equal(asked('See https://a.b/?c=d for more.'), undefined);
    assert.equal(asked('Who?'), undefined);
    assert.equal(asked(' ? '), undefined);
  });

  it('prefer no span that runs backwards, out of the text, or on for more than 30 tokens', () => {
    const logits = Float32Array.from({ length: 80 }, () => 0);
    logits[2 * 3] = 9; // begins at 3
    logits[2 * 39 + 1] = 8; // ends at 39: too far
    logits[2 * 2 + 1] = 9; // ends at 2: before
    logits[2 * 5 + 1] = 7;
    const { spans } = answersIn(
      logits,
      Array.from({ length: 40 }, (_, at) => at > 1),
      2,
    );
    assert.deepEqual(spans[0] && [spans[0].first, spans[0].last], [3, 5]);
    assert.deepEqual(answersIn(new Float32Array(8), [false, false, false, false], 3).spans, []);
  });
});

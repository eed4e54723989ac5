import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import type { Inspection } from '../../../../src/inspection/core/inspection.js';
import { choose, nucleus } from '../../../../src/inspection/run/sampling.js';
import type { InspectionSummary, ModelReference, Sampling } from '../../../../src/protocol.js';
import { gatherText, type TextChange } from '../../../../src/text-change.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';
import { openText, type TextOptions } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';

/** Of make_continuations.py. */
interface Continued {
  readonly text: string;
  readonly ids: readonly number[];
  readonly greedy: readonly number[];
  readonly said: readonly string[];
  readonly end: number;
  readonly likeliest: readonly {
    readonly ids: readonly number[];
    readonly probabilities: readonly number[];
    readonly entropy: number;
  }[];
  readonly logits: readonly number[];
  readonly drawn: readonly {
    readonly temperature: number;
    readonly topP: number;
    readonly shares: Readonly<Record<string, number>>;
  }[];
}

const folder = join(fixtures, 'gpt2-text');
const expected = readJson<Continued>(readFileSync(join(folder, 'continued.json'), 'utf8'));
const added = expected.greedy.slice(expected.ids.length);
const standard = { method: 'sample', temperature: 1, topP: 1, seed: 0 } as const;

describe('A continuation', () => {
  const open: OpenInspection[] = [];
  async function inspect(
    model = folder,
    params: Readonly<Record<string, string | number>> = {},
  ): Promise<OpenInspection> {
    const inspection = await inspectText(expected.text, { media, model, params });
    open.push(inspection);
    return inspection;
  }
  /** The same model without a token that ends a text. */
  let endless: string;
  before(() => {
    endless = mkdtempSync(join(tmpdir(), 'endless-'));
    cpSync(folder, endless, { recursive: true });
    rmSync(join(endless, 'generation_config.json'));
  });
  after(() => {
    rmSync(endless, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  it('is what transformers’ greedy decoding says, and is told token by token', async () => {
    const inspection = await inspect(endless);
    assert.equal(inspection.summary.continues, true);
    const told: string[] = [];
    const { text, ending, summary } = await inspection.continue({
      tokens: added.length,
      onText: (said) => told.push(said),
    });
    assert.equal(ending, 'length');
    assert.equal(text, expected.said.at(-1));
    assert.deepEqual(told, expected.said);
    assert.equal(summary.queries.count, expected.greedy.length);
    assert.equal(summary.revision, 2);
    assert.deepEqual(
      summary.queries.marks?.slice(expected.ids.length),
      added.map(() => null),
    );
  });

  it('is told to the host by what is new alone', async () => {
    const engine = new Engine(platform, media);
    const { id } = await openText(engine, { text: expected.text, model: { kind: 'folder', path: endless } });
    let written = '';
    let longest = 0;
    const gather = gatherText((all) => {
      written = all;
    });
    const task = {
      progress: (_message: string, _fraction: number | null, text?: TextChange) => {
        longest = Math.max(longest, text?.added.length ?? 0);
        gather(text === undefined ? {} : { text });
      },
    };
    await engine.inspection(id).continue({ inspection: id, tokens: added.length }, task);
    assert.equal(written, expected.said.at(-1));
    assert.ok(longest < 5, `${longest} characters came with one token`);
    await engine.dispose();
  });

  it('ends at the token that says that a text is over', async () => {
    const inspection = await inspect();
    const { ending, summary } = await inspection.continue({ tokens: 30 });
    assert.equal(ending, 'end');
    assert.equal(summary.queries.count, expected.ids.length + added.indexOf(expected.end) + 1);
  });

  it('ends at the model’s limit', async () => {
    const { ending, summary } = await (await inspect(endless)).continue({ tokens: 500 });
    assert.equal(ending, 'limit');
    assert.equal(summary.queries.count, 64);
  });

  it('leaves every step inspectable, as if the whole text had been run at once', async () => {
    const inspection = await inspect(endless);
    await inspection.continue({ tokens: 9 });
    const steps = ['X', 'Q', 'K', 'V', 'scores', 'weights', 'head', 'output'];
    const grown = await Promise.all(steps.map((step) => inspection.slice(step, { layer: 1, head: 2 })));
    const { value } = await inspection.arithmetic('weights', [1, 2, 25, 24]);
    // Running again with nothing changed is a run of all tokens at once.
    await inspection.change({});
    for (const [at, step] of steps.entries()) {
      const whole = await inspection.slice(step, { layer: 1, head: 2 });
      assert.deepEqual(grown[at]?.shape, whole.shape);
      const difference = Math.max(
        ...whole.data.map((each, index) =>
          Number.isNaN(each) ? 0 : Math.abs(each - (grown[at]?.data[index] ?? Number.NaN)),
        ),
      );
      assert.ok(difference < 1e-5, `${step} differs by ${difference}`);
    }
    const again = await inspection.arithmetic('weights', [1, 2, 25, 24]);
    assert.ok(Math.abs(again.value - value) < 1e-6);
  });

  it('goes on from where it ended', async () => {
    const inspection = await inspect(endless);
    await inspection.continue({ tokens: 5 });
    const { text } = await inspection.continue({ tokens: added.length - 5 });
    assert.equal((expected.said[4] ?? '').length > 0 && text.length > 0, true);
    const { words } = inspection.summary.queries;
    const [atOnce] = [await inspect(endless)];
    await atOnce.continue({ tokens: added.length });
    assert.deepEqual(words, atOnce.summary.queries.words);
  });

  it('is the same for the same seed, and another for another', async () => {
    const say = async (seed: number): Promise<readonly string[] | undefined> => {
      const inspection = await inspect(endless);
      await inspection.continue({ tokens: 16, sampling: { ...standard, temperature: 2, seed } });
      return inspection.summary.queries.words;
    };
    const first = await say(7);
    assert.deepEqual(await say(7), first);
    assert.notDeepEqual(await say(8), first);
  });

  it('is the same whether its tokens are drawn at once or bit by bit', async () => {
    const sampling = { ...standard, temperature: 2, seed: 7 };
    const [atOnce, inParts] = [await inspect(endless), await inspect(endless)];
    await atOnce.continue({ tokens: 16, sampling });
    for (const tokens of [5, 1, 10]) await inParts.continue({ tokens, sampling });
    assert.deepEqual(inParts.summary.queries.words, atOnce.summary.queries.words);
  });

  it('cancelled, leaves the inspection as it was', async () => {
    const inspection = await inspect(endless);
    const before = await inspection.slice('weights', { layer: 1 });
    const controller = new AbortController();
    const going = inspection.continue({
      tokens: 16,
      signal: controller.signal,
      onText: () => {
        controller.abort();
      },
    });
    await assert.rejects(going, { name: 'AbortError' });
    assert.equal(inspection.summary.queries.count, expected.ids.length);
    assert.deepEqual((await inspection.slice('weights', { layer: 1 })).data, before.data);
  });

  it('halted, keeps what came', async () => {
    const engine = new Engine(platform, media);
    try {
      const { id } = await openText(engine, {
        text: expected.text,
        model: { kind: 'folder', path: endless },
      });
      const sampling = { ...standard, method: 'greedy' } as const;
      let steps = 0;
      const going = engine.inspection(id).continue(
        { inspection: id, tokens: 16, sampling },
        {
          progress: () => {
            if (++steps === 3) engine.inspection(id).halt();
          },
        },
      );
      const { ending, text, summary } = await going;
      assert.equal(ending, 'halted');
      assert.equal(text, expected.said[2]);
      assert.equal(summary.queries.count, expected.ids.length + 3);
    } finally {
      await engine.dispose();
    }
  });

  describe('said again, in another process', () => {
    const model = (): ModelReference => ({ kind: 'folder', path: endless });
    /** What is shown of a text in an engine of its own. */
    async function shown(
      beginning: Omit<TextOptions, 'text' | 'model'>,
      then: (inspection: Inspection) => Promise<unknown> = () => Promise.resolve(),
    ): Promise<{ summary: InspectionSummary; weights: Float32Array; next: readonly number[] }> {
      const engine = new Engine(platform, media);
      try {
        const inspection = await openText(engine, { text: expected.text, model: model(), ...beginning });
        await then(inspection);
        const { summary, id } = inspection;
        const place = { inspection: id, layer: 1, head: 2 };
        const { data } = await inspection.slice({ ...place, step: 'weights' });
        const query = summary.queries.count - 1;
        const next = summary.continues
          ? (await inspection.candidates({ inspection: id, query, count: 5 })).candidates
          : [];
        return { summary, weights: data, next: next.map((each) => each.id) };
      } finally {
        await engine.dispose();
      }
    }
    const draw = async (inspection: Inspection): Promise<void> => {
      const sampling = { ...standard, temperature: 2, seed: 3 };
      await inspection.continue({ inspection: inspection.id, tokens: 7, sampling });
      await inspection.continue({ inspection: inspection.id, tokens: 5 });
    };
    function assertSame(found: Float32Array, wanted: Float32Array): void {
      assert.equal(found.length, wanted.length);
      found.forEach((value, at) => {
        const other = wanted[at] ?? 0;
        assert.ok(Number.isNaN(value) ? Number.isNaN(other) : Math.abs(value - other) < 1e-5);
      });
    }

    it('is the same, though it was drawn', async () => {
      const before = await shown({}, draw);
      const { continuation: said } = before.summary;
      assert.ok(said !== undefined);
      assert.deepEqual([said.ids.length, said.drawn, said.ending], [12, true, 'length']);
      const again = await shown({ continuation: said });
      assert.deepEqual(again.summary.queries, before.summary.queries);
      assert.deepEqual(again.summary.notices, before.summary.notices);
      assert.deepEqual(again.summary.continuation, said);
      assert.deepEqual(again.next, before.next);
      assertSame(again.weights, before.weights);
    });

    it('is the same under what was set since, also where nothing could be gone on with', async () => {
      const parameters = { mask: 'none', temperature: 2 };
      const before = await shown({}, async (inspection) => {
        await draw(inspection);
        await inspection.change(parameters);
      });
      const { continuation: said } = before.summary;
      assert.ok(said !== undefined && !before.summary.continues);
      const again = await shown({ continuation: said, parameters });
      assert.deepEqual(again.summary.queries, before.summary.queries);
      assertSame(again.weights, before.weights);
    });

    it('is left out where the model is another now: its numbers would stand for other tokens', async () => {
      const { continuation: said } = (await shown({}, draw)).summary;
      assert.ok(said !== undefined);
      const again = await shown({ continuation: { ...said, by: 'another' } });
      assert.equal(again.summary.queries.count, expected.ids.length);
      assert.equal(again.summary.continuation, undefined);
    });
  });

  it('refuses what makes no sense, in a sentence', async () => {
    const inspection = await inspect(endless);
    await assert.rejects(inspection.continue({ tokens: 0 }), /1 to 4096 tokens, not 0/);
    await assert.rejects(
      inspection.continue({ tokens: 1, sampling: { temperature: 0 } }),
      /temperature has to be above 0/,
    );
    await assert.rejects(
      inspection.continue({ tokens: 1, sampling: { topP: 2 } }),
      /Top-p has to be above 0/,
    );
    await assert.rejects(
      inspection.continue({ tokens: 1, sampling: { seed: -1 } }),
      /seed has to be a whole/,
    );
    // What a caller in JavaScript may say.
    const bogus = JSON.parse('{"method":"bogus"}') as Partial<Sampling>;
    await assert.rejects(
      inspection.continue({ tokens: 1, sampling: bogus }),
      /method of sampling is "greedy" or "sample", not "bogus"/,
    );
    await assert.rejects(inspection.candidates(99), /no query 99/);
  });

  it('is nothing that BERT, or a GPT that looks ahead, could do', async () => {
    const bert = await inspectText('Some words.', { media });
    open.push(bert);
    assert.equal(bert.summary.continues, false);
    await assert.rejects(bert.continue({ tokens: 1 }), /says nothing of what comes next/);
    const unmasked = await inspect(endless, { mask: 'none' });
    assert.equal(unmasked.summary.continues, false);
  });
});

describe('What may come next', () => {
  it('is what the model’s own softmax says after every token, and where the text’s own token stands', async () => {
    const inspection = await inspectText(expected.text, { media, model: folder });
    try {
      for (const [query, { ids, probabilities, entropy }] of expected.likeliest.entries()) {
        const said = await inspection.candidates(query, 5);
        assert.deepEqual(
          said.candidates.map(({ id }) => id),
          ids,
        );
        said.candidates.forEach(({ probability }, at) => {
          assert.ok(Math.abs(probability - (probabilities[at] ?? 0)) < 1e-5);
        });
        assert.ok(Math.abs(said.entropy - entropy) < 1e-4);
        assert.equal(said.actual?.id, expected.ids[query + 1]);
        if (said.actual !== undefined && said.actual.rank < 5) {
          assert.equal(said.candidates[said.actual.rank]?.id, said.actual.id);
        }
      }
    } finally {
      await inspection.dispose();
    }
  });

  it('is drawn from what transformers leaves at each temperature and top-p, with its probabilities', () => {
    for (const { temperature, topP, shares } of expected.drawn) {
      const left = nucleus(expected.logits, temperature, topP);
      assert.deepEqual(
        new Set(left.ids.map(String)),
        new Set(Object.keys(shares)),
        `temperature ${temperature}, top-p ${topP}`,
      );
      left.ids.forEach((id, place) => {
        assert.ok(Math.abs((left.shares[place] ?? 0) - (shares[id] ?? 0)) < 1e-9);
      });
    }
  });

  it('is drawn as often as its probability says', () => {
    const logits = [2, 1, 0, -1, 0.5].map((each) => Math.fround(each));
    const sampling = { ...standard, temperature: 0.8, topP: 0.97 };
    const { ids, shares } = nucleus(logits, sampling.temperature, sampling.topP);
    const draws = 4000;
    const counts = new Map<number, number>();
    for (let seed = 0; seed < draws; seed++) {
      const id = choose(logits, { ...sampling, seed }, seed % 7);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const [place, id] of ids.entries()) {
      const share = shares[place] ?? 0;
      const deviation = Math.sqrt((share * (1 - share)) / draws);
      const seen = (counts.get(id) ?? 0) / draws;
      assert.ok(Math.abs(seen - share) < 5 * deviation, `${id}: ${seen} instead of ${share}`);
    }
    assert.deepEqual(
      [...counts.keys()].filter((id) => !ids.includes(id)),
      [],
    );
  });
});

import { fake, real } from './hosts.js';
import type { ContractHost, Opened } from './hosts.js';
import assert from 'node:assert/strict';
import { CancelledError } from '../../src/channel.js';
import { gatherText } from '../../src/text-change.js';
import { ContractPage } from './page.js';

/**
 * What every page may rely on, whichever host it talks with: these cases run against the host that the tests of the pages talk
 * with and against what runs in VS Code, so that the first cannot drift away from the second.
 */
for (const { name, open } of [fake, real]) {
  describe(`The contract with a page: ${name}`, () => {
    let host: ContractHost | undefined;
    let page: ContractPage;

    async function start(what: Opened = 'tensors'): Promise<ContractHost> {
      host = await open(what);
      page = new ContractPage();
      return host;
    }

    afterEach(async () => {
      page.close();
      await host?.close();
      host = undefined;
    });

    const ask: ContractPage['channel']['request'] = (method, params, options) =>
      page.channel.request(method, params, options);

    describe('A page that comes up', () => {
      it('is told what is open, and where the user is in it', async () => {
        await start();
        const { summary, position } = await page.ready();
        assert.ok(summary.revision >= 1);
        assert.ok(position.layer < summary.layers && position.head < summary.heads);
        assert.ok(summary.steps.some((step) => step.name === position.step));
        assert.deepEqual(await ask('headTypes', null), { kind: 'none' });
      });

      it('is told where an earlier life of it went', async () => {
        await start();
        await page.ready();
        const position = { layer: 0, head: 2, step: 'scores', cell: { row: 3, column: 1 } };
        page.channel.notify('position', { position, number: 1 });
        assert.deepEqual((await page.ready()).position, position);
      });
    });

    describe('A move', () => {
      it('of the page is answered once, by its number, with the nearest place there is', async () => {
        await start();
        const { position, summary } = await page.ready();
        page.channel.notify('position', { position: { ...position, head: 1 }, number: 1 });
        page.channel.notify('position', { position: { ...position, head: 99 }, number: 2 });
        page.channel.notify('position', { position: { ...position, step: 'no such step' }, number: 3 });
        await page.ready();
        assert.deepEqual(
          page.moves.map(({ answers, position: at }) => [answers, at.head, at.step]),
          [
            [1, 1, 'weights'],
            [2, summary.heads - 1, 'weights'],
            [3, 0, 'weights'],
          ],
        );
      });

      it('of the page that leads nowhere is answered as well', async () => {
        await start();
        const { position } = await page.ready();
        page.channel.notify('position', { position, number: 5 });
        await page.ready();
        assert.deepEqual(page.moves, [{ position, answers: 5 }]);
      });

      it('that was made elsewhere is told, and answers nothing', async () => {
        const { move } = await start();
        const { position } = await page.ready();
        move({ ...position, head: 2 });
        await page.ready();
        assert.deepEqual(page.moves, [{ position: { ...position, head: 2 }, answers: null }]);
      });
    });

    describe('A question about what is shown', () => {
      it('is answered in its revision', async () => {
        await start();
        const { summary, position } = await page.ready();
        const { id: inspection, revision } = summary;
        const slice = await ask('slice', { ...position, inspection });
        assert.equal(slice.revision, revision);
        assert.deepEqual(slice.shape, [summary.queries.count, summary.keys.count]);
        const [first = 0, ...others] = slice.data.subarray(0, summary.keys.count);
        const sum = others.reduce((total, weight) => total + weight, first);
        assert.ok(Math.abs(sum - 1) < 1e-5, 'weights of a row sum to 1');
        const thumbnails = await ask('thumbnails', { inspection, size: 4, layers: { start: 0, end: 1 } });
        assert.equal(thumbnails.revision, revision);
        assert.equal(thumbnails.data.length, summary.heads * thumbnails.rows * thumbnails.columns);
        const cell = { ...position, inspection, row: 0, column: 0 };
        assert.ok(Math.abs((await ask('arithmetic', cell)).value - first) < 1e-6);
        assert.ok((await ask('metrics', { inspection, layer: 0, head: 0 })).length > 0);
      });

      it('is answered for a part alone', async () => {
        await start();
        const { summary, position } = await page.ready();
        const place = { ...position, inspection: summary.id };
        const whole = await ask('slice', place);
        const [rows, columns] = [
          { start: 1, end: 3 },
          { start: 2, end: 5 },
        ];
        const part = await ask('slice', { ...place, rows, columns });
        assert.deepEqual([part.rows, part.columns, part.shape], [rows, columns, [2, 3]]);
        const width = summary.keys.count;
        const expected = [1, 2].flatMap((row) => [...whole.data.subarray(row * width + 2, row * width + 5)]);
        assert.deepEqual([...part.data], expected);
      });

      it('that makes no sense fails with a sentence', async () => {
        await start();
        const { summary, position } = await page.ready();
        const place = { ...position, inspection: summary.id };
        await assert.rejects(ask('slice', { ...place, step: 'nonsense' }), /no step “nonsense”/);
        const plot = { inspection: summary.id, layer: 0, head: 0, name: 'nonsense' };
        await assert.rejects(ask('plot', plot), /no plot “nonsense”/);
      });

      it('about something that is not shown (any more) is cancelled', async () => {
        await start();
        const { position } = await page.ready();
        await assert.rejects(ask('slice', { ...position, inspection: 'gone' }), CancelledError);
      });

      it('that is cancelled is answered so at once', async () => {
        await start();
        const { summary, position } = await page.ready();
        const controller = new AbortController();
        const place = { ...position, inspection: summary.id };
        const asked = ask('slice', place, { signal: controller.signal });
        controller.abort();
        await assert.rejects(asked, CancelledError);
        assert.equal((await ask('slice', place)).revision, summary.revision, 'later ones are answered');
      });
    });

    describe('A change', () => {
      it('is told as a state of a new revision before it is answered', async () => {
        await start();
        const before = await page.ready();
        assert.equal(await ask('change', { parameters: { temperature: 2 } }), null);
        const { summary, position } = page.told;
        assert.ok(summary.revision > before.summary.revision);
        assert.deepEqual([summary.id, position], [before.summary.id, before.position]);
        assert.equal(summary.parameters.find((each) => each.name === 'temperature')?.value, 2);
        const slice = await ask('slice', { ...position, inspection: summary.id });
        assert.equal(slice.revision, summary.revision);
      });

      it('that is refused fails with a sentence; what was shown is told again, so that controls go back', async () => {
        const { refuseChange } = await start();
        const before = await page.ready();
        const { parameters, sentence } = refuseChange();
        await assert.rejects(ask('change', { parameters }), { message: sentence });
        assert.deepEqual(page.told.summary, before.summary);
      });
    });

    describe('A comparison', () => {
      const changes = [{ temperature: 2 }, { mask: 'causal' }];

      it('has variants that are asked like what is shown', async () => {
        await start();
        const { summary, position } = await page.ready();
        const told = page.states.length;
        const variants = await ask('compare', { inspection: summary.id, variants: changes });
        const ids = variants.map((each) => (each.kind === 'variant' ? each.summary.id : each.message));
        assert.equal(new Set([summary.id, ...ids]).size, 3);
        const place = { ...position, inspection: ids[1] ?? '' };
        const causal = await ask('slice', place);
        assert.ok(Number.isNaN(causal.data[1]), 'the first query does not attend to the second key');
        const own = await ask('slice', { ...place, inspection: summary.id });
        assert.ok(!Number.isNaN(own.data[1]));
        assert.equal(page.states.length, told, 'what is shown has not changed');
      });

      it('ends with the next comparison, and with a change', async () => {
        await start();
        const { summary, position } = await page.ready();
        const compare = async (): Promise<string> => {
          const [first] = await ask('compare', { inspection: summary.id, variants: changes });
          return first?.kind === 'variant' ? first.summary.id : '';
        };
        const first = await compare();
        const second = await compare();
        await assert.rejects(ask('slice', { ...position, inspection: first }), CancelledError);
        assert.ok(await ask('slice', { ...position, inspection: second }));
        await ask('change', { parameters: { temperature: 2 } });
        await assert.rejects(ask('slice', { ...position, inspection: second }), CancelledError);
      });
    });

    describe('A continuation', () => {
      it('tells what was written as it comes, and then of a state with the new tokens', async () => {
        await start('causal text');
        const before = await page.ready();
        assert.equal(before.summary.continues, true);
        let written = '';
        const onProgress = gatherText((text) => {
          written = text;
        });
        const { text, ending } = await ask('continue', { tokens: 3 }, { onProgress });
        assert.equal(ending, 'length');
        assert.equal(written, text);
        const { summary } = page.told;
        assert.ok(summary.revision > before.summary.revision);
        assert.equal(summary.queries.count, before.summary.queries.count + 3);
        const query = summary.queries.count - 1;
        const next = await ask('candidates', { inspection: summary.id, query, count: 4 });
        assert.deepEqual([next.revision, next.query, next.candidates.length], [summary.revision, query, 4]);
        assert.equal(next.actual, undefined, 'nothing stands behind the last token');
      });

      it('can be halted, also where none is under way', async () => {
        await start('causal text');
        await page.ready();
        assert.equal(await ask('halt', null), null);
      });
    });

    it('answers what has no result', async () => {
      await start();
      await page.ready();
      assert.equal(await ask('copyCode', { language: 'numpy', scope: { layer: 0, head: 0 } }), null);
      assert.equal(await ask('classifyHeads', null), null);
      assert.equal(await ask('export', null), null);
      assert.equal(await ask('cancel', null), null);
    });

    it('runs again where it is told to', async () => {
      await start();
      const before = await page.ready();
      assert.equal(await ask('retry', null), null);
      assert.equal(page.told.summary.id, before.summary.id);
      assert.ok(page.told.summary.revision >= before.summary.revision);
    });

    it('tells a page that is gone nothing', async () => {
      const { move } = await start();
      const { position } = await page.ready();
      page.close();
      move({ ...position, head: 2 });
      const next = new ContractPage();
      assert.equal((await next.ready()).position.head, 2);
      assert.deepEqual(page.moves, []);
      next.close();
    });
  });
}

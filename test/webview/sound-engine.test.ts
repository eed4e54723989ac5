import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Call } from '../../src/channel.js';
import { Engine } from '../../src/inspection/core/engine.js';
import { Inspection } from '../../src/inspection/core/inspection.js';
import type { ParameterValues } from '../../src/protocol.js';
import { formatNumber } from '../../src/drawing/format.js';
import { read, written } from '../support/page/lent.js';
import { eventually, keep, painted, resting, Stage } from '../support/page/open.js';
import { asked, matrixOf, placeOf, readOf } from '../support/page/recording.js';
import { platform } from '../support/platform.js';

const fixture = join(process.cwd(), 'test', 'fixtures', 'models', 'speech-text');

describe('a recording that the engine heard', function () {
  this.timeout(120_000);
  const engine = new Engine(platform, join(process.cwd(), 'media'));
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(async () => {
    await stage.stop();
    await engine.dispose();
  });

  async function heard(model: string, parameters: ParameterValues, text?: string): Promise<Inspection> {
    const opened = await engine.open({
      material: {
        kind: 'audio',
        file: { kind: 'path', path: join(fixture, 'voice.wav') },
        ...(text === undefined ? {} : { text }),
      },
      by: { model: { kind: 'folder', path: join(fixture, model) } },
      parameters,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  async function show({ summary }: Inspection): Promise<Page> {
    const handlers: Readonly<Record<string, (params: never, call: Call) => unknown>> = engine.handlers();
    const position = { layer: summary.layers - 1, head: 0, step: 'weights' };
    const page = await stage.open({
      subject: null,
      first: { kind: 'inspection', summary, position },
      position,
      engine: async (question) => {
        const { method, params } = read(question) as { method: string; params: unknown };
        const answer = handlers[method];
        assert.ok(answer !== undefined, method);
        const call: Call = { signal: new AbortController().signal, progress: () => undefined };
        // What the page asks is what the protocol says: the host relays it as it is, too.
        return written(await answer(params as never, call));
      },
    });
    await painted(page);
    await resting(page);
    return page;
  }

  it('is shown with its words where the engine aligned them', async () => {
    const inspection = await heard('english', { from: 0.4, to: 1.4 }, 'three times');
    const { words, path } = await inspection.sound.alignment();
    assert.deepEqual(
      words.map(({ text }) => text),
      [' three', ' times'],
    );
    const page = await show(inspection);
    await keep(page, 'sound-engine');
    assert.equal(await page.locator('.sound-head .problem').isVisible(), false);
    const cells = await page.locator('.sound-table tbody tr').allInnerTexts();
    assert.deepEqual(
      cells.map((row) => row.split(/\s+/).filter((each) => each !== '')),
      words.map(({ text, start, end }) => [
        text.trim(),
        ...[start, end, end - start].map((value) => value.toFixed(2)),
      ]),
    );
    // A click on the path is in the row and the frame that it goes through.
    const at = Math.floor(path.times.length / 2);
    const { x, y, width, height } = await matrixOf(page);
    const [row = 0, time = 0] = [path.rows[at], path.times[at]];
    const share = (time + 0.003 - 0.4) / 1;
    await page.mouse.click(x + share * width, y + ((row + 0.5) / inspection.summary.queries.count) * height);
    const position = { layer: inspection.summary.layers - 1, head: 0, step: 'weights' };
    const { marks = [] } = inspection.summary.keys;
    const column = marks.findIndex(
      (mark) => mark?.kind === 'interval' && mark.start <= time + 1e-6 && time + 1e-6 < mark.end,
    );
    await eventually(() => placeOf(page), { ...position, cell: { row, column } });
    await page.mouse.move(1, 1);
    await resting(page);
    const { data } = await inspection.slice({
      ...{ inspection: inspection.summary.id, ...position },
      rows: { start: row, end: row + 1 },
    });
    const said = await readOf(page);
    assert.ok(said.includes(` weight ${formatNumber(data[column] ?? NaN)} `), said);
  });

  it('shows attention and alignment as the two steps that they are', async () => {
    const inspection = await heard('english', { from: 0.4, to: 1.4 }, 'three times');
    const page = await show(inspection);
    const { heads } = await inspection.sound.alignment();
    await page.locator('.sound-choice').nth(1).click();
    await resting(page);
    assert.match(
      await page.locator('.sound-caption').innerText(),
      new RegExp(`^Alignment \\(mean of z-scores of ${heads.length} heads?\\)`),
    );
    const steps = ((await asked(page, 'slice')) as { step: string }[]).map(({ step }) => step);
    assert.ok(steps.includes('alignment_mean'), steps.join());
    assert.equal(await page.locator('.sound-head .problem').isVisible(), false);
    await keep(page, 'sound-engine-alignment');
    const ranks = await inspection.sound.rankHeads();
    assert.deepEqual(
      await page
        .locator('.sound-head-open')
        .evaluateAll((all) => all.map((each) => each.getAttribute('data-head'))),
      ranks.filter(({ used }, at) => at < 8 || used).map(({ layer, head }) => `${layer}.${head}`),
    );
  });
});

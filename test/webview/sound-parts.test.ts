import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually, resting, Stage } from '../support/page/open.js';
import type { Subject } from '../support/page/answers.js';
import {
  asked,
  boxOf,
  matrixOf,
  openSound,
  partly,
  placeOf,
  readOf,
  recording,
  soundPosition as position,
  soundSubject,
} from '../support/page/recording.js';
import type { Recording } from '../support/page/sound.js';

describe('parts of a recording', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  const strip = '.sound-strip-track';
  const chosen = (page: Page): Promise<(string | null)[]> =>
    Promise.all(
      ['Start of the part that is heard', 'End of the part that is heard'].map((name) =>
        page.getByRole('slider', { name }).getAttribute('aria-valuetext'),
      ),
    );

  it('shows the whole recording, and asks for it only where that is more than is heard', async () => {
    const page = await openSound(stage);
    const parts = async (of: Page): Promise<unknown> =>
      ((await asked(of, 'waveform')) as { start: number; end: number }[]).map(({ start, end }) => [
        start,
        end,
      ]);
    assert.deepEqual(await parts(page), [[0, 3.6]]);
    assert.deepEqual(await chosen(page), ['0.00 s', '3.60 s']);
    assert.equal(await page.locator('.sound-apply').isVisible(), false);
    const longer = await openSound(stage, { subject: soundSubject(partly) });
    assert.deepEqual(await parts(longer), [
      [30, 33.6],
      [0, 95],
    ]);
    assert.deepEqual(await chosen(longer), ['30.00 s', '33.60 s']);
    // In the fake recording there is sound in the part that is heard alone.
    for (const of of [page, longer]) {
      const drawn = await of.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.sound-strip canvas');
        const context = canvas?.getContext('2d') ?? null;
        if (canvas === null || context === null) return 0;
        const { data } = context.getImageData(0, 8, canvas.width, 1);
        return data.filter((value, at) => at % 4 === 0 && value > 190).length;
      });
      assert.ok(drawn > 1, `${drawn} columns reach that high`);
    }
  });

  it('hears another part where one is dragged over, no longer than the model hears at once', async () => {
    const page = await openSound(stage, { subject: soundSubject(partly) });
    const { x, y, width } = await boxOf(page, strip);
    const at = (time: number): number => x + (time / 95) * width;
    const drag = async (from: number, to: number): Promise<void> => {
      await page.mouse.move(at(from), y + 20);
      await page.mouse.down();
      await page.mouse.move(at((from + to) / 2), y + 20);
      await page.mouse.move(at(to), y + 20);
      await page.mouse.up();
      await resting(page);
    };
    await drag(50, 60);
    const changes = async (): Promise<{ parameters: { from: number; to: number } }[]> =>
      (await asked(page, 'change')) as { parameters: { from: number; to: number } }[];
    const [first] = await changes();
    assert.ok(first !== undefined);
    assert.ok(Math.abs(first.parameters.from - 50) < 0.2 && Math.abs(first.parameters.to - 60) < 0.2);
    assert.match(
      await page.locator('.sound-said').innerText(),
      /^Heard: (50|49)\.\d\d–(60|59)\.\d\d s of 95/,
    );
    await drag(80, 20);
    const { parameters: second = { from: 0, to: 0 } } = (await changes())[1] ?? {};
    assert.ok(Math.abs(second.to - 80) < 0.2 && Math.abs(second.to - second.from - 30) < 1e-6);
    // A press that goes nowhere chooses nothing.
    await page.mouse.click(at(10), y + 20);
    await resting(page);
    assert.equal((await changes()).length, 2);
  });

  it('hears another part that the keyboard chose', async () => {
    const page = await openSound(stage, { subject: soundSubject(partly) });
    const start = page.getByRole('slider', { name: 'Start of the part that is heard' });
    await start.focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.deepEqual(await chosen(page), ['31.10 s', '33.60 s']);
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    assert.deepEqual(await chosen(page), ['34.10 s', '34.20 s'], 'the end is pushed on');
    await page.keyboard.press('Escape');
    assert.deepEqual(await chosen(page), ['30.00 s', '33.60 s']);
    await page.getByRole('slider', { name: 'End of the part that is heard' }).focus();
    await page.keyboard.press('End');
    assert.deepEqual(await chosen(page), ['65.00 s', '95.00 s'], 'no longer than half a minute');
    const inspect = page.getByRole('button', { name: 'Inspect 65.00–95.00 s' });
    assert.equal(await inspect.isVisible(), true);
    assert.deepEqual(await asked(page, 'change'), []);
    await page.keyboard.press('Enter');
    await resting(page);
    assert.deepEqual(await asked(page, 'change'), [{ parameters: { from: 65, to: 95 } }]);
    assert.equal(await inspect.isVisible(), false);
  });

  it('lists the heads, the nearest to a diagonal first, and opens one', async () => {
    const page = await openSound(stage);
    const names = await page
      .locator('.sound-head-open')
      .evaluateAll((all) => all.map((each) => each.getAttribute('data-head')));
    assert.deepEqual(names, ['1.2', '0.1', '0.3', '1.1', '0.0', '1.3', '0.2', '1.0']);
    assert.equal(await page.locator('.sound-head-open[aria-current]').getAttribute('data-head'), '1.2');
    await page.getByRole('button', { name: /^Open head 0\.3 72\.7 % near a diagonal$/ }).click();
    await eventually(() => placeOf(page), { layer: 0, head: 3, step: 'weights' });
    await resting(page);
    assert.equal(await page.locator('.sound-head-open[aria-current]').getAttribute('data-head'), '0.3');
    assert.equal(await page.locator('.sound .legend-title').innerText(), 'Weights · layer 0, head 3');
    assert.equal((await asked(page, 'rankHeads')).length, 1, 'ranked once a run, not once a head');
  });

  it('aligns with heads that are chosen by hand, and with the model’s own again', async () => {
    const page = await openSound(stage);
    const align = page.locator('.sound-heads-actions > *').first();
    const used = (name: string) => page.getByRole('checkbox', { name: `Align with ${name}` });
    assert.equal(await used('layer 1, head 2').isChecked(), true);
    assert.equal(await used('layer 1, head 1').isChecked(), false);
    assert.notEqual(await align.getAttribute('disabled'), null, 'they are used already');
    await used('layer 1, head 1').check();
    await used('layer 0, head 1').uncheck();
    await align.click();
    await resting(page);
    assert.deepEqual(await asked(page, 'change'), [{ parameters: { alignmentHeads: '1.1, 1.2' } }]);
    assert.equal(await used('layer 1, head 1').isChecked(), true);
    assert.equal((await asked(page, 'alignment')).length, 2);
    await page.getByText('The model’s own heads').click();
    await resting(page);
    assert.deepEqual((await asked(page, 'change')).at(-1), { parameters: { alignmentHeads: '' } });
  });

  it('names heads as people count them, also where they are aligned with', async () => {
    const page = await openSound(stage, { settings: { 'count-from': '1' } });
    assert.equal((await page.locator('.sound-head-name').first().innerText()).endsWith('2.3'), true);
    await page.getByRole('checkbox', { name: 'Align with layer 1, head 1' }).check();
    await page.locator('.sound-heads-actions > *').first().click();
    await resting(page);
    assert.deepEqual(await asked(page, 'change'), [{ parameters: { alignmentHeads: '1.1, 1.2, 2.3' } }]);
  });

  it('tells a reader of the page when each word was said', async () => {
    const page = await openSound(stage);
    const table = page.getByRole('table', { name: 'When each word was said, by the alignment' });
    const rows = await table.getByRole('row').allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split(/\s*\t\s*/).map((each) => each.trim())),
      [
        ['Word', 'Start (s)', 'End (s)', 'Length (s)'],
        ['one', '0.20', '0.56', '0.36'],
        ['two', '0.70', '1.10', '0.40'],
        ['three', '1.30', '1.84', '0.54'],
        ['twenty', '2.10', '2.62', '0.52'],
        ['May', '2.80', '3.20', '0.40'],
      ],
    );
  });

  it('moves nothing when answers arrive', async () => {
    const held = ['alignment', 'rankHeads', 'waveform', 'spectrogram'];
    const page = await openSound(stage, { held });
    const places = (): Promise<unknown> =>
      page.evaluate(() =>
        [
          '.sound-surface',
          '.sound-caption',
          '.sound-words',
          '.sound-foot',
          '.sound-heads',
          '.sound-table-scroller',
        ].map((selector) => {
          const { x, y, width } = document.querySelector(selector)?.getBoundingClientRect() ?? {};
          return [selector, x, y, width];
        }),
      );
    assert.equal(await page.locator('.sound-words-note').innerText(), 'Aligning the words…');
    const before = await places();
    await page.evaluate(() => {
      window.fakeHost.release();
    });
    await resting(page);
    assert.equal(await page.locator('.sound-word').count(), 5);
    assert.deepEqual(await places(), before);
  });

  it('shows frames over frames for attention of the sound to itself', async () => {
    const self: Recording = { duration: 2, heard: { start: 0, end: 2 }, most: 3, pitch: 0.02, padded: true };
    const page = await openSound(stage, { subject: soundSubject(self) });
    assert.equal(await page.locator('.sound-switch').isVisible(), false);
    assert.equal(await page.locator('.sound-words').isVisible(), false);
    assert.deepEqual(await asked(page, 'alignment'), []);
    const { x, y, width, height } = await matrixOf(page);
    await page.mouse.click(x + 0.25 * width, y + 0.75 * height);
    await eventually(() => placeOf(page), { ...position, cell: { row: 75, column: 25 } });
    assert.match(await readOf(page), /^0\.50–0\.52 s query 75 → key 25/);
  });

  it('shows the sound alone where what is open does not lie on it', async () => {
    const page = await openSound(stage, { subject: { ...soundSubject(recording), unheard: true } });
    assert.match(await page.locator('.sound-said').innerText(), /does not lie on the recording/);
    assert.equal(await page.locator('.sound-cells').isVisible(), false);
    await page.locator('.sound-word', { hasText: 'two' }).click();
    await eventually(async () => (await asked(page, 'samples')).length, 1);
  });

  it('stays fluid over 1500 frames and 448 tokens: what is drawn is pooled, or what is seen', async () => {
    const spoken = Array.from({ length: 443 }, (_, at) => ({
      ...{ text: ` w${at}`, start: (at * 30) / 443, end: ((at + 0.9) * 30) / 443 },
    }));
    const large: Recording = { ...recording, duration: 30, heard: { start: 0, end: 30 }, said: spoken };
    const subject: Subject = soundSubject(large, { layers: 1, heads: 1, feature: 8, model: 16 });
    const held = ['thumbnails', 'metrics', 'findings', 'headTypes'];
    const at = { layer: 0, head: 0, step: 'weights' };
    const page = await openSound(stage, { subject, held, position: at });
    const { x, y, width, height } = await matrixOf(page);
    const words = page.locator('.sound-word:visible');
    assert.ok((await words.count()) <= 1, 'what is too narrow to be read is not there');
    assert.equal(await page.locator('.sound-words-note').innerText(), 'Zoom in to read the 443 words.');
    await page.mouse.move(x + width / 2, y + height / 2);
    for (let turn = 0; turn < 12; turn += 1) await page.mouse.wheel(0, -200);
    await resting(page);
    const seen = await words.count();
    assert.ok(seen > 3 && seen < 60, `${seen} words`);
    assert.equal(await page.locator('.sound-words-note').isVisible(), false);
    interface Asked {
      readonly step: string;
      readonly rows?: { start: number; end: number };
      readonly columns?: { start: number; end: number };
      readonly pool?: { rows: number; columns: number };
    }
    const slices = ((await asked(page, 'slice')) as Asked[]).filter(({ step }) => step === 'weights');
    for (const { rows, columns, pool } of slices) {
      const tall = pool?.rows ?? (rows ?? { start: 0, end: 448 }).end - (rows?.start ?? 0);
      const wide = pool?.columns ?? (columns ?? { start: 0, end: 1500 }).end - (columns?.start ?? 0);
      assert.ok(tall === 1 || (tall <= 2 * height && wide <= 2.2 * width), JSON.stringify({ tall, wide }));
    }
    assert.ok(
      slices.some(({ columns }) => columns !== undefined),
      'what was zoomed to was asked for closely',
    );
    // The keyboard comes to those that are out of sight, or too narrow from afar, all the same.
    await page.keyboard.press('0');
    await page.locator('.sound-word[tabindex="0"]').focus();
    await page.keyboard.press('End');
    await resting(page);
    const last = page.locator('.sound-word:focus');
    assert.equal(await last.innerText(), 'w442');
    const { width: wide = 0 } = (await last.boundingBox()) ?? {};
    assert.ok(wide >= 24, `${wide} px`);
  });
});

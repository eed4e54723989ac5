import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cividis } from '../../src/drawing/colors/colormap.js';
import { Answers } from '../support/page/answers.js';
import { Attention } from '../support/page/attention.js';
import { eventually, resting, Stage, story } from '../support/page/open.js';
import type { Point } from '../support/page/pixels.js';
import { colorsAt, difference } from '../support/page/pixels.js';
import {
  asked,
  boxOf,
  cellAt,
  matrixOf,
  openSound,
  padded,
  placeOf,
  readOf,
  recording,
  soundPosition as position,
  soundSubject,
  waveAt,
} from '../support/page/recording.js';
import { beginning } from '../support/page/sound.js';

const subject = soundSubject(recording);
const attention = new Attention(subject);

describe('a recording', function () {
  this.timeout(60_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  const level = (page: Page): Promise<string> => page.locator('.toolbar-level').innerText();
  /** Where a word begins and how wide it is, in the matrix's own share of its width. */
  async function wordAt(page: Page, at: number): Promise<{ from: number; wide: number }> {
    const matrix = await matrixOf(page);
    const box = await page.locator('.sound-word').nth(at).boundingBox();
    assert.ok(box !== null);
    return { from: (box.x - matrix.x) / matrix.width, wide: box.width / matrix.width };
  }

  it('stands first where a recording is inspected, and asks for no more than is drawn', async () => {
    const page = await openSound(stage);
    const tab = page.locator('.topbar [role="tab"][aria-selected="true"]');
    assert.equal(await tab.innerText(), 'Sound');
    const columns = Math.round((await matrixOf(page)).width);
    const of = { inspection: 'one', medium: 'audio-0', start: 0, end: 3.6, columns };
    assert.deepEqual(await asked(page, 'waveform'), [of]);
    assert.deepEqual(await asked(page, 'spectrogram'), [of]);
    assert.deepEqual(await asked(page, 'alignment'), [{ inspection: 'one' }]);
    assert.deepEqual(await asked(page, 'samples'), []);
    await page.evaluate((given) => {
      window.fakeHost.open(given, 'two');
    }, story);
    await resting(page);
    assert.equal(await page.getByRole('tab', { name: 'Sound' }).isVisible(), false);
  });

  it('draws each frame of each token in the colour of its weight', async () => {
    const page = await openSound(stage);
    await page.getByLabel('Path').uncheck();
    const rows = Array.from({ length: subject.queries }, (_, row) => attention.row('weights', 1, 2, row));
    const largest = Math.max(...rows.map((row) => Math.max(...row)));
    const wanted = rows.flatMap((_, row) => [20, 47, 90, 133, 171].map((column) => ({ row, column })));
    const points = await Promise.all(wanted.map(({ row, column }) => cellAt(page, subject, row, column)));
    const colors = await colorsAt(page, reader, points);
    for (const [at, { row, column }] of wanted.entries()) {
      const index = Math.floor(((rows[row]?.[column] ?? 0) / largest) * 255 + 0.5) * 4;
      const [red = 0, green = 0, blue = 0] = cividis.subarray(index, index + 3);
      const found = colors[at] ?? [0, 0, 0];
      assert.ok(difference(found, [red, green, blue]) <= 2, `row ${row}, frame ${column}: ${found.join()}`);
    }
  });

  it('draws the waveform, and the log-mel bands from low to high', async () => {
    const page = await openSound(stage);
    const matrix = await matrixOf(page);
    const words = await boxOf(page, '.sound-words');
    const caption = await boxOf(page, '.sound-caption');
    const top = words.y + words.height + 8;
    const height = caption.y - 8 - top;
    const columns = Math.round(matrix.width);
    const mel = new Answers(subject, 'one').heard.spectrogram({
      ...{ inspection: 'one', medium: 'audio-0', start: 0, end: 3.6, columns },
    });
    const least = Math.min(...mel.data);
    const most = Math.max(...mel.data);
    const points: Point[] = [0.4, 0.9, 1.22, 1.6, 2.4, 3].flatMap((time) =>
      [10, 40, 62, 70].map((down) => ({
        x: Math.floor(matrix.x + (time / 3.6) * matrix.width),
        y: Math.floor(top + down),
      })),
    );
    const colors = await colorsAt(page, reader, points);
    for (const [at, { x, y }] of points.entries()) {
      const column = Math.floor(((x + 0.5 - matrix.x) / matrix.width) * mel.columns);
      const band = mel.bands - 1 - Math.floor(((y + 0.5 - top) / height) * mel.bands);
      const value = mel.data[band * mel.columns + column] ?? NaN;
      const index = 4 * Math.round((255 * (value - least)) / (most - least));
      const [red = 0, green = 0, blue = 0] = cividis.subarray(index, index + 3);
      const found = colors[at] ?? [0, 0, 0];
      assert.ok(
        difference(found, [red, green, blue]) <= 2,
        `band ${band}, column ${column}: ${found.join()}`,
      );
    }
    const [loud, silent] = await colorsAt(page, reader, [
      await waveAt(page, 1.57, 12),
      await waveAt(page, 1.22, 12),
    ]);
    assert.ok(difference(loud ?? [0, 0, 0], [204, 204, 204]) < 60, `waveform: ${String(loud)}`);
    assert.ok(difference(silent ?? [0, 0, 0], [31, 31, 31]) < 8, `silence: ${String(silent)}`);
  });

  it('has one time axis: words, pictures and matrix are zoomed and panned together', async () => {
    const page = await openSound(stage);
    const three = { from: 1.3 / 3.6, wide: 0.54 / 3.6 };
    const before = await wordAt(page, 2);
    assert.ok(Math.abs(before.from - three.from) < 0.003 && Math.abs(before.wide - three.wide) < 0.004);
    // About the middle of the word, in the waveform: rows stay as they are.
    const at = await waveAt(page, 1.57);
    await page.mouse.move(at.x, at.y);
    for (let turn = 0; turn < 4; turn += 1) await page.mouse.wheel(0, -200);
    await resting(page);
    const factor = Number((await level(page)).replace('×', ''));
    assert.ok(factor > 3 && factor < 6, String(factor));
    const after = await wordAt(page, 2);
    assert.ok(Math.abs(after.wide / before.wide - factor) < 0.2, `${after.wide} after ${before.wide}`);
    assert.ok(Math.abs(after.from + after.wide / 2 - (before.from + before.wide / 2)) < 0.01);
    // What is in sight of the picture alone was asked for anew, finer.
    const waves = (await asked(page, 'waveform')) as { start: number; end: number; columns: number }[];
    const last = waves.at(-1);
    assert.ok(last !== undefined && last.end - last.start < 2 && last.start > 0.2, JSON.stringify(last));
    assert.ok(last.columns / (last.end - last.start) > 3 * ((waves[0]?.columns ?? 0) / 3.6));
    // The matrix as well: a click is the frame of that moment.
    const { y, height } = await matrixOf(page);
    await page.mouse.click(at.x, y + (4.5 / subject.queries) * height);
    await eventually(() => placeOf(page), { ...position, cell: { row: 4, column: 78 } });
    await page.mouse.move(at.x, at.y);
    await page.mouse.down();
    await page.mouse.move(at.x + 40, at.y, { steps: 4 });
    await page.mouse.up();
    await resting(page);
    const { width } = await matrixOf(page);
    assert.ok(Math.abs((await wordAt(page, 2)).from - after.from - 40 / width) < 0.01);
    await page.getByRole('button', { name: 'Fit what was heard (0)' }).click();
    await resting(page);
    assert.ok(Math.abs((await wordAt(page, 2)).from - three.from) < 0.003);
  });

  it('picks a frame in any picture, a token by its name, and follows other views', async () => {
    const page = await openSound(stage);
    const wave = await waveAt(page, 2.415);
    await page.mouse.click(wave.x, wave.y);
    await eventually(() => placeOf(page), { ...position, cell: { row: 0, column: 120 } });
    const { x, y, height } = await matrixOf(page);
    await page.mouse.click(x - 40, y + (6.5 / subject.queries) * height);
    await eventually(() => placeOf(page), { ...position, cell: { row: 6, column: 120 } });
    await page.mouse.move(1, 1);
    await resting(page);
    const weight = attention.row('weights', 1, 2, 6)[120] ?? NaN;
    const read = await readOf(page);
    assert.match(read, /^2\.40–2\.42 s query ␣three \(6\) → key 120 weight /);
    assert.ok(weight < 0.001 || read.includes(weight.toFixed(3)), read);
    // The word of the token, and the frame, are marked where they are.
    assert.equal(await page.locator('.sound-word.picked').innerText(), 'three');
    const accent = [77, 170, 252] as const;
    const edges = await colorsAt(page, reader, [
      await waveAt(page, 1.5, 3),
      await waveAt(page, 0.4, 3),
      { x: x + (2.4 / 3.6) * (await matrixOf(page)).width - 1, y: wave.y - 10 },
    ]);
    assert.ok(difference(edges[0] ?? [0, 0, 0], accent) < 12, `the word: ${String(edges[0])}`);
    assert.ok(difference(edges[1] ?? [0, 0, 0], accent) > 60, `no word: ${String(edges[1])}`);
    assert.ok(difference(edges[2] ?? [0, 0, 0], accent) < 12, `the frame: ${String(edges[2])}`);
    await page.evaluate(
      (moved) => {
        window.fakeHost.move(moved);
      },
      { ...position, cell: { row: 8, column: 150 } },
    );
    await resting(page);
    assert.equal(await page.locator('.sound-word.picked').innerText(), 'May');
    assert.match(await readOf(page), /^3\.00–3\.02 s query ␣May \(8\) → key 150/);
  });

  it('is walked and picked with the keyboard, which says each cell aloud', async () => {
    const page = await openSound(stage);
    await page.locator('.sound-surface').focus();
    for (const [key, expected] of [
      ['ArrowRight', /^0\.00–0\.02 s query <\|startoftranscript\|> \(0\) → key 0 /],
      ['ArrowRight', /^0\.02–0\.04 s query <\|startoftranscript\|> \(0\) → key 1 /],
      ['ArrowDown', /^0\.02–0\.04 s query <\|en\|> \(1\) → key 1 /],
      ['End', /^3\.58–3\.60 s query <\|en\|> \(1\) → key 179 /],
      ['Home', /^0\.00–0\.02 s query <\|en\|> \(1\) → key 0 /],
      ['Control+End', /^3\.58–3\.60 s query <\|endoftext\|> \(9\) → key 179 /],
    ] as const) {
      await page.keyboard.press(key);
      assert.match(await readOf(page), expected, key);
    }
    await page.waitForFunction(() =>
      /^query <\|endoftext\|> \(9\) → key 179 weight .* rank \d+ of 180$/.test(
        document.querySelector('.sound [role=status]')?.textContent ?? '',
      ),
    );
    await page.keyboard.press('Enter');
    await eventually(() => placeOf(page), { ...position, cell: { row: 9, column: 179 } });
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    assert.equal(await level(page), '2.0×');
    await page.keyboard.press('0');
    assert.equal(await level(page), '1.0×');
    await page.keyboard.press('Escape');
    await eventually(() => placeOf(page), position);
  });

  it('never shows attention and alignment under one name', async () => {
    const page = await openSound(stage);
    const caption = page.locator('.sound-caption');
    const legend = page.locator('.sound .legend-title');
    const attend = page.getByRole('button', { name: 'Attention of head 1.2' });
    const align = page.getByRole('button', {
      name: 'Alignment (mean of z-scores of 2 heads)',
      exact: true,
    });
    assert.equal(await attend.getAttribute('aria-pressed'), 'true');
    assert.equal(await align.getAttribute('aria-pressed'), 'false');
    assert.equal(await legend.innerText(), 'Weights · layer 1, head 2');
    await align.click();
    await resting(page);
    assert.equal(await attend.getAttribute('aria-pressed'), 'false');
    assert.equal(await align.getAttribute('aria-pressed'), 'true');
    assert.equal(await legend.innerText(), 'Alignment (mean of z-scores of 2 heads)');
    assert.match(await caption.innerText(), /^Alignment \(mean of z-scores of 2 heads\) · line: path/);
    await eventually(() => placeOf(page), { ...position, step: 'alignment_mean' });
    assert.deepEqual(
      ((await asked(page, 'slice')) as { step: string }[]).at(-1)?.step,
      'alignment_mean',
      'the mean’s numbers are what is drawn',
    );
    await attend.click();
    await resting(page);
    assert.equal(await legend.innerText(), 'Weights · layer 1, head 2');
  });

  it('draws the path of the alignment over the matrix, and takes it off', async () => {
    const page = await openSound(stage);
    // In the fake path each word's row is gone along while it is said: the middle of that row.
    const on = await cellAt(page, subject, beginning.length + 3, 118);
    const [drawn] = await colorsAt(page, reader, [on]);
    assert.ok(difference(drawn ?? [0, 0, 0], [204, 204, 204]) < 60, String(drawn));
    await page.getByLabel('Path').uncheck();
    await resting(page);
    const [bare] = await colorsAt(page, reader, [on]);
    assert.ok(difference(bare ?? [0, 0, 0], [204, 204, 204]) > 60, String(bare));
    assert.doesNotMatch(await page.locator('.sound-caption').innerText(), /path/);
  });

  it('shows what was heard, and what the model padded it with where that is zoomed out to', async () => {
    const page = await openSound(stage, { subject: soundSubject(padded) });
    assert.match(
      await page.locator('.sound-said').innerText(),
      /^Heard: 30\.00–33\.60 s of 95\.00 s\. .*silence/,
    );
    const first = await wordAt(page, 0);
    assert.ok(Math.abs(first.from - 0.2 / 3.6) < 0.003);
    await page.locator('.sound-surface').focus();
    for (let press = 0; press < 4; press += 1) await page.keyboard.press('-');
    await resting(page);
    assert.equal(await level(page), '0.6×');
    assert.ok(Math.abs((await wordAt(page, 0)).from - 0.2 / 6) < 0.003);
    await page.keyboard.press('Control+End');
    assert.match(await readOf(page), /^35\.98–36\.00 s query .* → key 299 /);
  });

  it('says what went wrong in a sentence, and shows the rest', async () => {
    const failing = { alignment: 'The model names no heads to align by.', spectrogram: 'It has no bands.' };
    const page = await openSound(stage, { failing });
    const problem = page.locator('.sound-head .problem');
    assert.ok(Object.values(failing).includes(await problem.innerText()));
    assert.ok(await page.locator('.sound-cells').isVisible());
  });
});

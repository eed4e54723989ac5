import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import {
  asked,
  boxOf,
  openSound,
  partly,
  placeOf,
  recording,
  soundPosition as position,
  soundSubject,
  waveAt,
} from '../support/page/recording.js';
import type { Recording } from '../support/page/sound.js';

/** What the page did with Web Audio, noted beside the real thing. */
interface Sounded {
  readonly contexts: AudioContext[];
  readonly started: {
    readonly at: number;
    readonly length: number;
    readonly rate: number;
    readonly samples: number;
    readonly peak: number;
    stopped: boolean;
  }[];
}

declare global {
  interface Window {
    sounded: Sounded;
  }
}

function listen(): void {
  const sounded: Sounded = { contexts: [], started: [] };
  window.sounded = sounded;
  const Real = window.AudioContext;
  window.AudioContext = class extends Real {
    constructor() {
      super();
      sounded.contexts.push(this);
    }

    override createBufferSource(): AudioBufferSourceNode {
      const node = super.createBufferSource();
      const start = node.start.bind(node);
      const stop = node.stop.bind(node);
      node.start = (at = 0) => {
        const data = node.buffer?.getChannelData(0) ?? new Float32Array();
        const noted = {
          ...{ at, length: node.buffer?.duration ?? 0, rate: node.playbackRate.value },
          ...{ samples: data.length, peak: data.reduce((most, value) => Math.max(most, value), 0) },
          stopped: false,
        };
        sounded.started.push(noted);
        node.stop = (when) => {
          noted.stopped = true;
          stop(when);
        };
        start(at);
      };
      return node;
    }
  };
}

describe('playing a recording', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await openSound(stage, opening);
    await page.evaluate(listen);
    return page;
  }
  const started = (page: Page): Promise<Sounded['started']> => page.evaluate(() => window.sounded.started);
  const moment = async (page: Page): Promise<number> =>
    Number((await page.locator('.sound-moment').innerText()).split(' ')[0]);
  const passed = (page: Page, time: number): Promise<unknown> =>
    page.waitForFunction((wanted) => {
      const [minutes = '', seconds = minutes] =
        document.querySelector('.sound-moment')?.textContent?.split(' ')[0]?.split(':') ?? [];
      return Number(seconds) >= wanted;
    }, time);
  const playing = (page: Page): Promise<boolean> => page.getByRole('button', { name: 'Pause' }).isVisible();

  it('makes no sound before it is pressed, and then plays what was decoded, to its end', async () => {
    const page = await open({
      subject: soundSubject({ ...recording, duration: 1.2, heard: { start: 0, end: 1.2 } }),
    });
    assert.equal(await page.evaluate(() => window.sounded.contexts.length), 0);
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await passed(page, 0.3);
    assert.equal(await playing(page), true);
    assert.deepEqual(await asked(page, 'samples'), [
      { inspection: 'one', medium: 'audio-0', start: 0, end: 1.2 },
    ]);
    const [only, ...others] = await started(page);
    assert.deepEqual(others, []);
    assert.equal(only?.samples, 19_200);
    assert.ok(Math.abs(only.length - 1.2) < 1e-6 && only.peak > 0.5 && only.rate === 1);
    // The word that is heard is marked while it is.
    await page.waitForFunction(() => document.querySelector('.sound-word.played')?.textContent === 'two');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    assert.equal(await moment(page), 1.2);
    await resting(page);
    assert.equal(await page.locator('.sound-word.played').count(), 0);
    // From the beginning again: it has been at the end. What is at hand is not asked for anew.
    await page.keyboard.press('Escape');
    await page.locator('.sound-surface').focus();
    await page.keyboard.press('Space');
    await eventually(async () => (await started(page)).length, 2);
    assert.equal((await asked(page, 'samples')).length, 1);
    assert.equal(await page.evaluate(() => window.sounded.contexts.length), 1);
    assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
  });

  it('pauses where it is, goes on from there, and is taken elsewhere by a click', async () => {
    const page = await open();
    await page.locator('.sound-surface').focus();
    await page.keyboard.press('Space');
    await passed(page, 0.4);
    await page.keyboard.press('Space');
    await resting(page);
    assert.equal(await playing(page), false);
    const at = await moment(page);
    assert.ok(at >= 0.4 && at < 3);
    assert.ok((await started(page)).every(({ stopped }) => stopped));
    await page.keyboard.press('Space');
    await eventually(async () => (await started(page)).length, 2);
    await page.keyboard.press('Space');
    const again = (await asked(page, 'samples')) as { start: number; end: number }[];
    const begun = again.at(-1);
    assert.ok(begun !== undefined && Math.abs(begun.start - at) < 0.06, JSON.stringify([begun, at]));
    const later = await waveAt(page, 2.7);
    await page.mouse.click(later.x, later.y);
    await resting(page);
    assert.equal(await moment(page), 2.7);
    assert.equal(await playing(page), false);
  });

  it('runs the played moment through all pictures', async () => {
    const page = await open();
    const dark = (): Promise<number[]> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.sound-marks');
        const context = canvas?.getContext('2d') ?? null;
        if (canvas === null || context === null) return [];
        // Where the line stands in the waveform, and in the matrix.
        return [20, canvas.height - 60].map((y) => {
          const { data } = context.getImageData(0, y, canvas.width, 1);
          let found = -1;
          for (let x = 0; x < canvas.width; x += 1) {
            const [red = 0, , , alpha = 0] = data.subarray(4 * x, 4 * x + 4);
            if (alpha > 250 && red > 195) found = x;
          }
          return found;
        });
      });
    await page.getByLabel('Path').uncheck();
    const [before = -1] = await dark();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await passed(page, 0.9);
    await page.getByRole('button', { name: 'Pause' }).click();
    await resting(page);
    const [wave = -1, matrix = -2] = await dark();
    assert.equal(wave, matrix);
    assert.ok(wave > before + 60, `${before}, then ${wave}`);
  });

  it('plays a word that is clicked, in the row or in the table, and picks its token', async () => {
    const page = await open();
    await page.locator('.sound-word', { hasText: 'three' }).click();
    await eventually(() => placeOf(page), { ...position, cell: { row: 6, column: 65 } });
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    assert.equal(await page.locator('.sound-moment').innerText(), '1.8 / 3.6 s');
    await page.getByRole('button', { name: 'Play “two”' }).click();
    await eventually(async () => (await asked(page, 'samples')).length, 2);
    assert.deepEqual(await asked(page, 'samples'), [
      { inspection: 'one', medium: 'audio-0', start: 1.3, end: 1.84 },
      { inspection: 'one', medium: 'audio-0', start: 0.7, end: 1.1 },
    ]);
    await eventually(() => placeOf(page), { ...position, cell: { row: 5, column: 35 } });
  });

  it('plays a word from the keyboard: arrow keys walk the words', async () => {
    const page = await open();
    await page.locator('.sound-word').first().focus();
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    for (const [key, expected] of [
      ['ArrowRight', 'two, 0.70 to 1.10 s'],
      ['End', 'May, 2.80 to 3.20 s'],
      ['ArrowLeft', 'twenty, 2.10 to 2.62 s'],
      ['Home', 'one, 0.20 to 0.56 s'],
    ] as const) {
      await page.keyboard.press(key);
      assert.equal(await focused(), expected, key);
    }
    await page.keyboard.press('Space');
    await eventually(async () => (await asked(page, 'samples')).length, 1);
    assert.deepEqual(await asked(page, 'samples'), [
      { inspection: 'one', medium: 'audio-0', start: 0.2, end: 0.56 },
    ]);
  });

  it('loops, and plays slower, where that is wanted', async () => {
    const page = await open();
    await page.getByLabel('Loop').check();
    await page.locator('.sound-word', { hasText: 'one' }).click();
    await eventually(async () => (await started(page)).length >= 3, true);
    const [first, second] = await started(page);
    assert.ok(first !== undefined && second !== undefined);
    assert.ok(Math.abs(second.at - first.at - 0.36) < 0.02, 'the second begins where the first ends');
    await page.getByRole('combobox', { name: 'Speed' }).click();
    await page.getByRole('option', { name: '0.5×' }).click();
    await eventually(async () => (await started(page)).at(-1)?.rate, 0.5);
    assert.equal(await playing(page), true);
    await page.getByRole('button', { name: 'Pause' }).click();
    await eventually(
      () =>
        page.evaluate(() => {
          const { views } = window.fakeHost.state as { views: Record<string, unknown> };
          return views['sound'];
        }),
      { path: true, loop: true, rate: 0.5 },
    );
  });

  it('loads what is long in pieces of at most half a minute, one ahead of what sounds', async () => {
    const long: Recording = {
      ...recording,
      duration: 200,
      heard: { start: 0, end: 120 },
      most: 120,
      pitch: 1,
    };
    const page = await open({ subject: soundSubject(long) });
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await eventually(async () => (await started(page)).length, 2);
    await passed(page, 0.2);
    const parts = (await asked(page, 'samples')) as { start: number; end: number }[];
    assert.deepEqual(
      parts.map(({ start, end }) => [start, end]),
      [
        [0, 8],
        [8, 38],
      ],
    );
    const [first, second] = await started(page);
    assert.ok(first !== undefined && second !== undefined && Math.abs(second.at - first.at - 8) < 1e-3);
  });

  it('falls silent when it is closed, when another recording comes, and when another view is opened', async () => {
    const page = await open({ subject: soundSubject(partly) });
    const play = async (): Promise<void> => {
      const before = (await started(page)).length;
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await eventually(async () => (await started(page)).length, before + 1);
    };
    const silent = async (): Promise<boolean> => (await started(page)).every(({ stopped }) => stopped);
    await play();
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    await resting(page);
    assert.equal(await silent(), true);
    await page.getByRole('tab', { name: 'Sound' }).click();
    await play();
    await page.evaluate(
      (given) => {
        window.fakeHost.open(given, 'two');
      },
      soundSubject({ ...partly, heard: { start: 40, end: 42 } }),
    );
    await resting(page);
    assert.equal(await silent(), true);
    assert.match(await page.locator('.sound-moment').innerText(), /^0:40\.0 /);
    await play();
    await page.evaluate((given) => {
      window.fakeHost.open(given, 'three');
    }, story);
    await resting(page);
    assert.equal(await silent(), true);
    await eventually(
      () => page.evaluate(() => window.sounded.contexts.map(({ state }) => state)),
      ['closed'],
    );
  });

  it('says so where there is nothing to play with, and where the samples do not come', async () => {
    const page = await open({ failing: { samples: 'numbers.wav was moved.' } });
    const problem = page.locator('.sound-head .problem');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await problem.filter({ hasText: 'numbers.wav was moved.' }).waitFor();
    assert.equal(await playing(page), false);
    const none = await open();
    await none.evaluate(() => {
      // As where a browser was built without it.
      Reflect.deleteProperty(window, 'AudioContext');
    });
    await none.getByRole('button', { name: 'Play', exact: true }).click();
    await none.locator('.sound-head .problem').filter({ hasText: 'no Web Audio' }).waitFor();
    const suspended = await open();
    await suspended.evaluate(() => {
      const Real = window.AudioContext;
      window.AudioContext = class extends Real {
        constructor() {
          super();
          void this.suspend();
        }

        override resume(): Promise<void> {
          return new Promise(() => undefined);
        }
      };
    });
    await suspended.getByRole('button', { name: 'Play', exact: true }).click();
    await suspended.locator('.sound-head .problem').filter({ hasText: 'no output device' }).waitFor();
    assert.equal(await playing(suspended), false);
    assert.ok((await boxOf(suspended, '.sound-cells')).width > 0);
  });
});

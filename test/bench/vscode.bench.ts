import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkbench, type Workbench } from '../support/vscode/harness.js';
import { oneHead } from './numbers.js';
import { peakMemory } from './processes.js';
import { benchmark, type Table } from './table.js';
import { text } from './text.js';

declare global {
  interface Window {
    /** When a matrix had been drawn, in milliseconds since 1970. */
    pictures?: number[];
    /** What each frame took the page, when it began, and whether the mouse had moved since the one before. */
    panFrames?: { readonly at: number; readonly work: number; readonly moved: boolean }[];
  }
}

const lengths = [16, 128, 512];
const coldRuns = 3;
const warmRuns = 9;
/** Long, for a machine that is busy with other things measures too. */
const patience = 180_000;
/** A window that has just opened is busy with itself for a while. */
const settling = 3000;

void benchmark('In a real VS Code', async (table) => {
  const folder = await mkdtemp(join(tmpdir(), 'attention-inspector-bench-'));
  try {
    for (const tokens of lengths) {
      const paragraphs = Array.from({ length: warmRuns + 1 }, (_, at) => text(tokens, at));
      await writeFile(join(folder, `${tokens}.txt`), paragraphs.join('\n\n'));
    }
    for (const n of [4096, 8192]) await writeFile(join(folder, `${n}.safetensors`), oneHead(n));
    const activations: number[] = [];
    for (const tokens of lengths) await selections(table, folder, tokens, activations);
    table.median('activation, as VS Code tells it', activations, 'ms');
    await matrices(table, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** The key is pressed with the cursor in a paragraph; then, with the panel open, in the next one, and so on. */
async function selections(
  table: Table,
  workspace: string,
  tokens: number,
  activations: number[],
): Promise<void> {
  const cold: number[] = [];
  const warm: number[] = [];
  for (let run = 0; run < coldRuns; run++) {
    await within(workspace, async (workbench) => {
      const { keyboard } = workbench.page;
      await workbench.openFile(`${tokens}.txt`);
      await workbench.page.locator('.editor-instance .view-line').first().click();
      await workbench.page.waitForTimeout(settling);
      cold.push(await untilDrawn(workbench, () => keyboard.press('ControlOrMeta+Alt+A')));
      for (let again = 0; run === 0 && again < warmRuns; again++) {
        // What else the panel shows of the text before comes after its heatmap.
        await workbench.page.waitForTimeout(settling);
        await keyboard.press('ArrowDown');
        await keyboard.press('ArrowDown');
        warm.push(await untilDrawn(workbench, () => keyboard.press('ControlOrMeta+Alt+A')));
      }
      activations.push(await activation(workbench));
    });
  }
  table.median(`${tokens} tokens, key to heatmap on screen, first time in this window`, cold, 'ms');
  table.median(`${tokens} tokens, key to heatmap on screen, panel open`, warm, 'ms');
}

async function matrices(table: Table, workspace: string): Promise<void> {
  await within(workspace, async (workbench) => {
    const open = async (n: number): Promise<number> => {
      const name = `${n}.safetensors`;
      const choose = await workbench.menuItem(workbench.explorerRow(name), 'Attention: Inspect File');
      return untilDrawn(workbench, choose, name);
    };
    table.figure(
      '4096 × 4096 of a file, menu to first paint, engine not yet running',
      await open(4096),
      'ms',
    );
    await pan(table, workbench);
    table.figure('8192 × 8192 of a file, menu to first paint', await open(8192), 'ms');
    for (const [name, mark] of [
      ['extension host', '--type=extensionHost'],
      ['engine process', join('dist', 'worker.js')],
    ] as const) {
      const peak = await peakMemory(workbench.server.pid, mark);
      if (peak === undefined) table.missing(`peak memory of the ${name} after these`, 'only told on Linux');
      else table.figure(`peak memory of the ${name} after these`, peak / 2 ** 20, 'MB');
    }
  });
}

/** Zooms in and drags the matrix about. */
async function pan(table: Table, workbench: Workbench): Promise<void> {
  const { mouse } = workbench.page;
  const frame = await workbench.webview('canvas.cells');
  const box = await frame.locator('canvas.cells').boundingBox();
  if (box === null) throw new Error('The heatmap is not on screen.');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await mouse.move(x, y);
  for (let step = 0; step < 6; step++) await mouse.wheel(0, -200);
  await workbench.page.waitForTimeout(2000);
  await frame.evaluate(() => {
    const frames: { at: number; work: number; moved: boolean }[] = [];
    window.panFrames = frames;
    const after = new MessageChannel();
    let at = 0;
    let moves = 0;
    let before = 0;
    document.addEventListener('pointermove', () => moves++, { capture: true });
    // A message that is posted in a frame arrives when the frame's layout and painting are done.
    after.port1.onmessage = () => {
      frames.push({ at, work: performance.now() - at, moved: moves > before });
      before = moves;
      requestAnimationFrame(begin);
    };
    const begin = (): void => {
      at = performance.now();
      after.port2.postMessage(null);
    };
    requestAnimationFrame(begin);
  });
  await mouse.down();
  for (const [dx, dy] of [
    [200, 120],
    [-200, -120],
    [150, -150],
    [0, 0],
  ] as const) {
    await mouse.move(x + dx, y + dy, { steps: 40 });
  }
  await mouse.up();
  const frames = await frame.evaluate(() => window.panFrames ?? []);
  const between = frames.flatMap(({ at, moved }, index) => {
    const next = frames[index + 1];
    return moved && next !== undefined ? next.at - at : [];
  });
  table.median(
    'a frame of pan at 4096 × 4096, work of the page',
    frames.flatMap(({ work, moved }) => (moved ? work : [])),
    'ms',
  );
  table.median('a frame of pan at 4096 × 4096, from one to the next (60 a second at most)', between, 'ms');
}

/** Opens a window on the workspace in which pictures tell when they were drawn. */
async function within(workspace: string, use: (workbench: Workbench) => Promise<void>): Promise<void> {
  const workbench = await openWorkbench({ workspace });
  try {
    await workbench.page.addInitScript(() => {
      if (window === window.top) return;
      const pictures: number[] = [];
      window.pictures = pictures;
      // The foot of the page says what a picture took when that is on screen, and nothing of it until then.
      const watch = (): void => {
        const foot = document.querySelector('.foot .number');
        if (foot === null) {
          setTimeout(watch, 5);
          return;
        }
        let said = false;
        const look = (): void => {
          const says = foot.textContent.includes('picture');
          if (says && !said) pictures.push(performance.timeOrigin + performance.now());
          said = says;
        };
        look();
        new MutationObserver(look).observe(foot, { subtree: true, childList: true, characterData: true });
      };
      watch();
    });
    // Commands, keys and menus are there as soon as the extension's own icon is.
    await workbench.page
      .locator('.activitybar [aria-label*="Attention"]')
      .first()
      .waitFor({ timeout: patience });
    await use(workbench);
  } finally {
    await workbench.close();
  }
}

/** Milliseconds from an action to the next matrix on screen, in a panel that shows these words. */
async function untilDrawn(workbench: Workbench, act: () => Promise<void>, words = ''): Promise<number> {
  const begun = performance.timeOrigin + performance.now();
  await act();
  const end = Date.now() + patience;
  while (Date.now() < end) {
    for (const frame of workbench.frames()) {
      // A frame may be gone by the time it is asked.
      const drawn = await frame
        .evaluate(
          ([since, shown]) =>
            document.body.innerText.includes(shown) ? window.pictures?.find((at) => at > since) : undefined,
          [begun, words] as const,
        )
        .catch(() => undefined);
      if (drawn !== undefined) return drawn - begun;
    }
    await workbench.page.waitForTimeout(20);
  }
  throw new Error(
    `No heatmap within ${patience / 1000} s; VS Code says: ${(await workbench.notifications()).join(' · ') || 'nothing'}.`,
  );
}

/** What “Developer: Show Running Extensions” says of ours. */
async function activation(workbench: Workbench): Promise<number> {
  await workbench.command('Developer: Show Running Extensions');
  // The slowest come first, and only rows that fit on screen exist.
  await workbench.page.setViewportSize({ width: 1440, height: 2000 });
  const row = workbench.page
    .locator('.runtime-extensions-editor .extension')
    .filter({ hasText: /attention.inspector/i });
  const said = await row.first().locator('.activation-time').innerText();
  const milliseconds = /(\d+)\s*ms/.exec(said)?.[1];
  if (milliseconds === undefined) throw new Error(`VS Code tells no activation time: “${said}”.`);
  return Number(milliseconds);
}

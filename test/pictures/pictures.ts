// Makes the pictures of the README and of the walkthrough in media/screenshots/, in a real VS Code. Look at each before it is committed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { until } from '../support/until.js';
import { openWorkbench } from '../support/vscode/harness.js';
import type { Workbench } from '../support/vscode/harness.js';
import { chooseFrom, closeAllEditors, panel, picks } from '../support/vscode/panel.js';

const folder = join(process.cwd(), 'media', 'screenshots');

async function keep(workbench: Workbench, name: string, part?: Locator): Promise<void> {
  const path = join(folder, `${name}.png`);
  await workbench.still();
  await (part === undefined ? workbench.page.screenshot({ path }) : part.screenshot({ path }));
  console.log(path);
}

async function openExample(workbench: Workbench, title: string, shows: RegExp): Promise<void> {
  await closeAllEditors(workbench);
  await workbench.command('Attention: Open Example…');
  await picks(workbench).filter({ hasText: title }).click();
  const frame = await panel(workbench);
  await until(title, async () => shows.test(await frame.locator('body').innerText()));
}

const pictures: readonly {
  readonly name: string;
  make(workbench: Workbench, name: string): Promise<void>;
}[] = [
  {
    name: 'text',
    async make(workbench, name) {
      await openExample(workbench, 'What “it” refers to', /query it \(10\)/);
      await keep(workbench, name);
    },
  },
  {
    name: 'heads',
    async make(workbench, name) {
      const frame = await workbench.webview('.topbar');
      await frame.getByRole('tab', { name: 'Heads', exact: true }).click();
      await frame.locator('.heads-cell').first().waitFor();
      await keep(workbench, name, workbench.page.locator('.editor-group-container').last());
    },
  },
  {
    name: 'steps',
    async make(workbench, name) {
      const frame = await workbench.webview('.topbar');
      await frame.getByRole('tab', { name: 'Steps', exact: true }).click();
      await frame.locator('.step').first().waitFor();
      await keep(workbench, name, workbench.page.locator('.editor-group-container').last());
    },
  },
  {
    name: 'files',
    async make(workbench, name) {
      await closeAllEditors(workbench);
      await workbench.command('View: Show Explorer');
      await chooseFrom(workbench, workbench.explorerRow('qkv.npz'), 'Attention: Inspect File');
      await panel(workbench);
      await keep(workbench, name);
    },
  },
  {
    name: 'image',
    async make(workbench, name) {
      await closeAllEditors(workbench);
      await workbench.command('Attention: Open Example…');
      await picks(workbench).filter({ hasText: 'What is in a picture' }).click();
      const frame = await panel(workbench);
      await until('the word', async () => /query apple/.test(await frame.locator('body').innerText()));
      await keep(workbench, name);
    },
  },
];

async function main(): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    mkdirSync(join(folder, 'walkthrough'), { recursive: true });
    const workbench = await openWorkbench({ theme, size: { width: 1200, height: 780 } });
    try {
      for (const { name, make } of pictures) await make(workbench, `walkthrough/${name}-${theme}`);
    } finally {
      await workbench.close();
    }
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

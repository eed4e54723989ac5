// Drives a real VS Code from outside, as a user does: with the keyboard, the mouse and what is on the screen.
import { join } from 'node:path';
import {
  errors,
  type Browser,
  type ConsoleMessage,
  type Frame,
  type Locator,
  type Page,
} from 'playwright-core';
import { launchBrowser } from '../../host/browser.mjs';
import { extensionFolder } from '../../host/extension.mjs';
import { startServer, type Server } from '../../host/server.mjs';
import { copyWorkspace } from '../../host/workspace.mjs';
import { stillPicture } from '../pictures.js';
import { until } from '../until.js';

/** The themes that pictures are looked at in: VS Code's name of each, and the class the workbench then has. */
const themes = {
  dark: { id: 'Dark Modern', kind: 'vs-dark' },
  light: { id: 'Light Modern', kind: 'vs' },
  'high-contrast': { id: 'Default High Contrast', kind: 'hc-black' },
  'high-contrast-light': { id: 'Default High Contrast Light', kind: 'hc-light' },
} as const;

export interface WorkbenchOptions {
  /** The folder whose copy is opened; `media/sample` if left out. */
  readonly workspace?: string;
  /** Puts files into the copy before VS Code looks at it: the explorer can miss what is written while it starts. */
  readonly prepare?: (folder: string) => void;
  /** Of the process that VS Code runs in, beside what is there already. */
  readonly env?: Readonly<Record<string, string>>;
  readonly theme?: keyof typeof themes;
  /** User settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Ask whether the workspace is trusted, and until answered do not trust it. */
  readonly workspaceTrust?: boolean;
  /** In CSS pixels; 1440 × 900 if left out. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** The explorer's selection is the test's alone: an editor that opens late does not move it. Nothing lies over lines. */
const tidySettings = {
  'editor.cursorBlinking': 'solid',
  'explorer.autoReveal': false,
  'editor.stickyScroll.enabled': false,
};

const root = process.cwd();

/** How long the workbench may take to show something, in milliseconds. */
const patience = 30_000;

/**
 * A VS Code with a copy of a workspace and the extension: loaded from source, or the packaged one that
 * ATTENTION_INSPECTOR_VSIX names.
 */
export class Workbench {
  /** What the extension host has printed to its console, one entry a call. */
  readonly extensionHostLog: string[] = [];
  /** Every violation of a content security policy that a webview has reported. */
  readonly violations: string[] = [];
  /** The addresses outside this machine that webviews have asked for. */
  readonly outsideRequests: string[] = [];

  private constructor(
    readonly page: Page,
    /** The absolute path of the copied workspace. */
    readonly folder: string,
    private readonly browser: Browser,
    readonly server: Server,
    private readonly removeFolder: () => void,
  ) {
    page.on('console', (message) => this.read(message));
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      const outside =
        protocol.startsWith('http') &&
        hostname !== '127.0.0.1' &&
        !hostname.endsWith('.vscode-resource.vscode-cdn.net');
      if (outside && request.frame() !== page.mainFrame()) this.outsideRequests.push(request.url());
    });
  }

  /** Starts VS Code and waits until the workbench is there. */
  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    const vsix = process.env['ATTENTION_INSPECTOR_VSIX'];
    const theme = themes[options.theme ?? 'dark'];
    const { folder, remove } = copyWorkspace(options.workspace ?? join(root, 'media', 'sample'));
    options.prepare?.(folder);
    const server = await startServer({
      root,
      settings: { 'workbench.colorTheme': theme.id, ...tidySettings, ...options.settings },
      workspaceTrust: options.workspaceTrust ?? false,
      ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
      ...(vsix === undefined ? {} : { vsix }),
    });
    let browser: Browser | undefined;
    try {
      browser = await launchBrowser();
      const context = await browser.newContext({ viewport: options.size ?? { width: 1440, height: 900 } });
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      const page = await context.newPage();
      const workbench = new Workbench(page, folder, browser, server, remove);
      await page.goto(
        server.address({ folder, ...(vsix === undefined ? { extension: extensionFolder(root) } : {}) }),
      );
      await page.waitForSelector(`.monaco-workbench.${theme.kind}[class*="vscode-theme-"]`, {
        timeout: patience,
      });
      await page.waitForSelector('.explorer-folders-view .monaco-list-row', { timeout: patience });
      return workbench;
    } catch (error) {
      await browser?.close();
      await server.stop();
      remove();
      throw error;
    }
  }

  /** Runs a command by what the palette calls it, such as `Attention: Inspect Selection`. */
  async command(title: string): Promise<void> {
    await this.quickInput('F1', `>${title}`, title);
  }

  /** Reloads the window as its user does: VS Code writes down first what is open. */
  async reload(): Promise<void> {
    await Promise.all([
      this.page.waitForEvent('domcontentloaded', { timeout: patience }),
      this.command('Developer: Reload Window'),
    ]);
    await this.page.waitForSelector('.monaco-workbench');
  }

  /** Opens a file of the workspace in an editor, by its path within it. */
  async openFile(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    await this.quickInput('ControlOrMeta+P', path, name);
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor({ timeout: patience });
  }

  /**
   * Opens the quick input by a key, types and takes the row of that name. What is offered is what there was when it opened: it is
   * opened anew until the row is there, also where something that is still loading took the focus and closed it.
   */
  private async quickInput(key: string, text: string, name: string): Promise<void> {
    const { page } = this;
    const input = page.locator('.quick-input-widget input.input');
    const rows = page.locator('.quick-input-list .monaco-list-row');
    // What was typed is marked in the rows, in an element of its own: the whole label has to be the name.
    const whole = new RegExp(`^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
    const row = rows.filter({ has: page.locator('.label-name').filter({ hasText: whole }) }).first();
    let offered = '';
    const taken = until(
      `“${name}” in the quick input`,
      async () => {
        await page.keyboard.press(key);
        try {
          await input.fill(text, { timeout: 5_000 });
          await row.click({ timeout: 10_000 });
          return true;
        } catch (error) {
          if (!(error instanceof errors.TimeoutError)) throw error;
          offered = (await rows.locator('.label-name').allInnerTexts()).join(' · ');
          return false;
        }
      },
      patience,
    );
    await taken.catch((error: unknown) => {
      throw new Error(`the quick input does not offer “${name}”; it offers ${offered || 'nothing'}`, {
        cause: error,
      });
    });
  }

  /** A file's or folder's row in the explorer. */
  explorerRow(name: string) {
    return this.page.locator('.explorer-folders-view .monaco-list-row').filter({
      has: this.page.getByText(name, { exact: true }),
    });
  }

  /**
   * Opens an element's context menu, and gives what chooses an item of it: from the keyboard, for a menu heeds no click in its
   * first tenth of a second. The items live in a shadow root, which Playwright's locators look into.
   */
  async menuItem(element: Locator, label: string): Promise<() => Promise<void>> {
    await element.click({ button: 'right' });
    const item = this.page.locator('.monaco-menu .action-item').filter({
      has: this.page.locator('.action-label').getByText(label, { exact: true }),
    });
    await item.hover();
    await item.and(this.page.locator('.focused')).waitFor();
    return () => this.page.keyboard.press('Enter');
  }

  /** The frames of webviews, each the innermost: the extension's own document. */
  frames(): Frame[] {
    return this.page.frames().filter((frame) => isWebviewContent(frame));
  }

  /** Waits for a webview that contains an element. */
  async webview(selector: string, timeout = patience): Promise<Frame> {
    let shown: Frame | undefined;
    const found = until(
      `a webview with ${selector}`,
      async () => {
        for (const frame of this.frames()) {
          // A frame may go away while it is asked.
          if ((await frame.$(selector).catch(() => null)) !== null) shown = frame;
        }
        return shown !== undefined;
      },
      timeout,
    );
    await found.catch(() => undefined);
    if (shown !== undefined) return shown;
    const texts = await Promise.all(
      this.frames().map((frame) =>
        frame.evaluate(() => document.body.innerText.slice(0, 200)).catch(() => '(gone)'),
      ),
    );
    throw new Error(
      `no webview shows ${selector} after ${timeout / 1000} s; there are [${texts.join(' | ')}]`,
    );
  }

  /** Waits until VS Code has written down what the extension remembers of the workspace, which it does a while after. */
  async written(pattern: RegExp): Promise<void> {
    await until(`what is written down of ${String(pattern)}`, async () =>
      pattern.test(await this.page.evaluate(stored)),
    );
  }

  /** Waits until the window looks the same twice. */
  async still(): Promise<void> {
    await stillPicture(this.page);
  }

  /** The texts of the notifications that are shown. */
  async notifications(): Promise<string[]> {
    return this.page.locator('.notification-list-item-message').allInnerTexts();
  }

  /** Waits for a notification that matches, and gives its text. */
  async notification(pattern: RegExp, timeout = patience): Promise<string> {
    const item = this.page.locator('.notification-list-item-message').filter({ hasText: pattern }).first();
    await item.waitFor({ timeout });
    return item.innerText();
  }

  /** Keeps a picture of the whole window at `out/screenshots/NAME.png`. */
  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(root, 'out', 'screenshots', `${name}.png`) });
  }

  /** Ends the browser and the server, and removes the copied workspace. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    this.removeFolder();
  }

  /** Whether code is VS Code's own. A webview's comes from a host of its own, or from no address where it is inline. */
  private isWorkbenchAddress(url: string): boolean {
    return url.startsWith(`http://127.0.0.1:${this.server.port}/`) && !isWebviewAddress(url);
  }

  private read(message: ConsoleMessage): void {
    const text = message.text();
    const host = /^%c\[Extension Host\] %c(.*?)(?: color: blue)?(?: color:)?\s*$/s.exec(text)?.[1];
    if (host !== undefined) this.extensionHostLog.push(host);
    const policy = /Content Security Policy/.test(text) && message.type() === 'error';
    if (policy && !this.isWorkbenchAddress(message.location().url)) this.violations.push(text);
  }
}

/** Opens a VS Code; the caller closes it. */
export const openWorkbench = (options?: WorkbenchOptions): Promise<Workbench> => Workbench.open(options);

/** What VS Code in a browser has stored of the extension, as text. */
async function stored(): Promise<string> {
  const settled = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((done, fail) => {
      request.onsuccess = () => {
        done(request.result);
      };
      request.onerror = () => {
        fail(request.error ?? new Error('The database cannot be read.'));
      };
    });
  const kept: string[] = [];
  for (const { name } of await indexedDB.databases()) {
    if (name === undefined || !name.startsWith('vscode-web-state-db-')) continue;
    const database = await settled(indexedDB.open(name));
    const items = database.transaction('ItemTable').objectStore('ItemTable');
    kept.push(String(await settled(items.get('attention-inspector.attention-inspector'))));
    database.close();
  }
  return kept.join('\n');
}

const isWebviewAddress = (url: string): boolean => url.includes('/webview/browser/pre/');

/** A webview is a frame of VS Code's own with the extension's document in a frame inside it. */
function isWebviewContent(frame: Frame): boolean {
  const parent = frame.parentFrame();
  return parent !== null && isWebviewAddress(parent.url()) && frame.url().includes('fake.html');
}

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../../host/browser.mjs';
import { until } from '../until.js';
import type { Behaviour } from './fake-host.js';
import type { AskEngine } from './lent.js';
import type { Subject } from './answers.js';
import type { ThemeName } from './themes.js';
import { themes } from './themes.js';

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
};

export const sentence = "[CLS] the animal didn ' t cross the street because it was too tired [SEP]".split(
  ' ',
);

export const story: Subject = {
  title: 'all-MiniLM-L6-v2',
  layers: 6,
  heads: 12,
  queries: sentence.length,
  keys: sentence.length,
  model: 48,
  feature: 32,
  causal: false,
  emptyQueries: [],
  words: sentence,
  notices: [],
  tex: {},
  mechanism: 'dot',
  scaling: 'sqrt',
  temperature: 1,
  mechanisms: false,
  plots: false,
  continues: false,
};

const usual: Behaviour = {
  subject: story,
  position: { layer: 3, head: 7, step: 'weights' },
  persisted: undefined,
  delay: 0,
  latency: 0,
  held: [],
  failing: {},
  id: 'one',
  first: null,
  model: null,
  headTypes: { kind: 'none' },
  readers: [],
};

export interface Opening extends Partial<Behaviour> {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Whether WebGL draws, here where the processor has to play the graphics card; left to the page with 'fast'. */
  readonly webgl?: boolean | 'fast';
  readonly page?: 'panel' | 'explore' | 'model';
  readonly ratio?: number;
  readonly reducedMotion?: boolean;
  /** What the host says of the settings: the page’s `data-` attributes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** An engine that answers in place of made-up numbers. */
  readonly engine?: AskEngine;
}

/** A browser and a server of the built webview, for one suite. */
export class Stage {
  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
    private readonly origin: string,
    private readonly host: string,
  ) {}

  /** `panel` is a script that is bundled and served as the panel's page, in place of the built one. */
  static async start(panel?: string): Promise<Stage> {
    const bundle = await build({
      entryPoints: [join(process.cwd(), 'test/support/page/fake-host.ts')],
      bundle: true,
      write: false,
      format: 'iife',
      target: 'chrome120',
      logLevel: 'error',
    });
    const script = panel === undefined ? null : await bundled(panel);
    const server = createServer((request, response) => {
      void serve(request.url ?? '/', script).then(({ status, type, body, policy }) => {
        response.writeHead(status, {
          'content-type': type,
          ...(policy === '' ? {} : { 'content-security-policy': policy }),
        });
        response.end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    const browser = await launchBrowser();
    return new Stage(browser, server, `http://127.0.0.1:${address.port}`, bundle.outputFiles[0]?.text ?? '');
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    this.server.close();
  }

  /** An empty page without any policy, for reading screenshots. */
  async blank(): Promise<Page> {
    return (await this.browser.newContext()).newPage();
  }

  /** Opens the panel, or Explore, as a webview of VS Code: its theme, its strict policy, a host that answers. */
  async open(opening: Opening = {}): Promise<Page> {
    const {
      theme = 'dark',
      width = 1440,
      height = 900,
      webgl = true,
      page: which = 'panel',
      ...rest
    } = opening;
    const { ratio = 1, reducedMotion = false, settings = {}, engine, ...behaviour } = rest;
    const options: BrowserContextOptions = {
      viewport: { width, height },
      deviceScaleFactor: ratio,
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    };
    const context = await this.browser.newContext(options);
    const page = await context.newPage();
    if (engine !== undefined) await page.exposeFunction('askEngine', engine);
    await page.addInitScript(
      ([given, explore]) => {
        window.behaviour = given;
        window.isExplore = explore;
      },
      [{ ...usual, ...behaviour }, which === 'explore'] as const,
    );
    await page.addInitScript(this.host);
    await page.addInitScript(dress, themes[theme]);
    const said = new URLSearchParams({
      webgl: webgl === true ? 'always' : webgl === false ? 'never' : webgl,
      ...settings,
    });
    await page.goto(`${this.origin}/${which}.html?${said.toString()}`);
    return page;
  }
}

/** Puts on a theme the way VS Code does: variables on the root, a class on the body. */
export function dress(theme: (typeof themes)[ThemeName]): void {
  const put = (): void => {
    const { style } = document.documentElement;
    for (const name of [...style]) if (name.startsWith('--vscode-')) style.removeProperty(name);
    for (const [name, value] of Object.entries(theme.variables)) style.setProperty(`--vscode-${name}`, value);
    // As VS Code: what is on already stays on, and is no change.
    if (document.body.className !== theme.bodyClass) document.body.className = theme.bodyClass;
  };
  if (document.body !== null) put();
  else {
    new MutationObserver((_, observer) => {
      if (document.body === null) return;
      observer.disconnect();
      put();
    }).observe(document, { childList: true, subtree: true });
  }
}

/** A page's script; its styles and fonts are those of the built one. */
async function bundled(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(process.cwd(), path)],
    bundle: true,
    write: false,
    outdir: 'unused',
    format: 'iife',
    target: 'chrome120',
    logLevel: 'error',
    loader: { '.woff2': 'empty', '.woff': 'empty', '.ttf': 'empty', '.svg': 'text' },
  });
  const script = outputFiles.find(({ path: out }) => out.endsWith('.js'));
  if (script === undefined) throw new Error(`No script was made of ${path}.`);
  return script.text;
}

async function serve(
  url: string,
  panel: string | null,
): Promise<{ status: number; type: string; body: string | Buffer; policy: string }> {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const html = /^\/(panel|explore|model)\.html$/.exec(pathname)?.[1];
  if (html !== undefined) {
    const nonce = 'c29tZXRoaW5nIHJhbmRvbQ';
    return {
      status: 200,
      type: 'text/html',
      policy: `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'`,
      body: `<!doctype html>
<html lang="en" ${[...searchParams].map(([name, value]) => `data-${name}="${value}"`).join(' ')}>
  <head>
    <meta charset="utf-8" />
    <title>Attention</title>
    <meta property="csp-nonce" content="${nonce}" />
    <link rel="stylesheet" href="/${html}.css" />
    <link rel="icon" href="data:," />
  </head>
  <body>
    <script nonce="${nonce}" src="/${html}.js"></script>
  </body>
</html>`,
    };
  }
  if (pathname === '/panel.js' && panel !== null) {
    return { status: 200, type: 'text/javascript', body: panel, policy: '' };
  }
  try {
    const body = await readFile(join(process.cwd(), 'dist', 'webview', ...pathname.split('/').slice(1)));
    return { status: 200, type: types[extname(pathname)] ?? 'application/octet-stream', body, policy: '' };
  } catch {
    return { status: 404, type: 'text/plain', body: 'not found', policy: '' };
  }
}

const pictures = join(process.cwd(), 'out', 'screenshots', 'webview');

/** Keeps a picture of the page, to be looked at by people. */
export async function keep(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** Waits until a heatmap is on screen. */
export async function painted(page: Page): Promise<void> {
  await page.waitForFunction(() => window.fakeHost.reports.some(({ name }) => name === 'painted'), null, {
    timeout: 55_000,
  });
}

/** Waits until nothing is asked, put off or under way in the page: what is seen then stays. */
export async function resting(page: Page): Promise<void> {
  await page.evaluate(() => window.activity.rest());
}

/** Asks until the answer is the expected one; messages to the host arrive in a task of their own. */
export async function eventually<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  const asSaid = async (): Promise<boolean> => {
    assert.deepEqual(await ask(), expected);
    return true;
  };
  await until('the expected answer', asSaid, 5000);
}

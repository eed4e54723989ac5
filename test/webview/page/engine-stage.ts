import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../host/browser.mjs';
import type { WebFile } from '../../../src/platform/web.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** A browser, and a server of the engine's bundle and of what it reads. */
export class EngineStage {
  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
    private readonly origin: string,
    /** Paths that were asked for, with the part of the file that was wanted. */
    readonly requests: readonly string[],
  ) {}

  static async start(): Promise<EngineStage> {
    const client = await build({
      entryPoints: [join(process.cwd(), 'test/webview/page/engine-client.ts')],
      bundle: true,
      write: false,
      format: 'iife',
      target: 'chrome120',
      logLevel: 'error',
    });
    const page = `<!doctype html><title>Engine</title><link rel="icon" href="data:," /><script>${client.outputFiles[0]?.text ?? ''}</script>`;
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(`${request.url} ${request.headers.range ?? 'whole'}`);
      if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      else sendFile(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    return new EngineStage(await launchBrowser(), server, `http://127.0.0.1:${address.port}`, requests);
  }

  async open(): Promise<Page> {
    const page = await (await this.browser.newContext()).newPage();
    await page.goto(this.origin);
    return page;
  }

  /** Every file of a folder that the server has, as the engine is told of it. */
  filesIn(folder: string): Record<string, WebFile> {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return Object.fromEntries(
      found.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const url = `/${relative(process.cwd(), path).split(sep).join('/')}`;
        return [url, { url: this.origin + url, size: statSync(path).size }];
      }),
    );
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A file of the build, or of the project; a part of it where one is asked for. */
function sendFile({ url = '/', headers }: IncomingMessage, response: ServerResponse): void {
  const [, first = '', ...rest] = url.split('/');
  const path = join(process.cwd(), ...(first === 'web' ? ['dist', 'web'] : [first]), ...rest);
  if (!['web', 'media'].includes(first) || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    response.writeHead(404).end();
    return;
  }
  const { size } = statSync(path);
  const type = types[extname(path)] ?? 'application/octet-stream';
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  const end = Number(to ?? size - 1);
  response.writeHead(from === undefined ? 200 : 206, {
    'content-type': type,
    'content-length': end - start + 1,
    ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(path, { start, end }).pipe(response);
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download, HubClient } from '../../../src/hub/index.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const listing = { id: 'tiny/bert', commit: 'c0ffee0000000000000000000000000000000001' };

/** Writes again and again until nobody listens any more, and says how often. */
function dripping(write: () => void, response: ServerResponse, every: number): void {
  const timer = setInterval(write, every);
  response.on('close', () => {
    clearInterval(timer);
  });
}

describe('A hub that is no good', () => {
  let answer: Answer;
  let asked: number;
  const server = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  let folder: string;
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(async () => {
    asked = 0;
    folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  let pauses: number[] = [];
  function client(patience = 100): HubClient {
    pauses = [];
    const { port } = server.address() as AddressInfo; // It listens at a port.
    return new HubClient(
      { endpoint: `http://127.0.0.1:${port}`, token: undefined, cache: '' },
      (milliseconds) => {
        pauses.push(milliseconds);
        return Promise.resolve();
      },
      patience,
    );
  }
  const fileOf = (path: string, content: Buffer): Parameters<typeof download>[2][number] => ({
    path,
    size: content.length,
    hash: { kind: 'sha256', value: createHash('sha256').update(content).digest('hex') },
  });

  for (const status of [302, 404]) {
    it(`is not listened to once it has ${status === 302 ? 'sent elsewhere' : 'refused'}`, async () => {
      let closed: Promise<unknown> = Promise.reject(new Error('nobody asked'));
      closed.catch(() => undefined);
      answer = (request, response) => {
        if (request.url === '/end') {
          response.end('done');
          return;
        }
        response.writeHead(status, { location: '/end' });
        closed = once(response, 'close');
        const part = Buffer.alloc(64 * 1024);
        const more = (): void => {
          while (!response.destroyed && response.write(part));
        };
        response.on('drain', more);
        more();
      };
      if (status === 302) (await client().get('/begin')).destroy();
      else await assert.rejects(client().get('/begin'), { name: 'HubError' });
      // The connection is cut although there is more to come.
      await closed;
    });
  }

  it('is given up when its head comes a byte at a time', async () => {
    answer = (request, response) => {
      response.on('close', () => undefined);
      const { socket } = request;
      socket.write('HTTP/1.1 200 OK\r\n');
      dripping(() => socket.write('X-A: b\r\n'), response, 20);
    };
    await assert.rejects(client().get('/drip'), {
      name: 'HubError',
      message: /cannot be reached: .* did not answer/,
    });
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000]);
  });

  it('is given up when it says again and again that it will answer', async () => {
    answer = (_request, response) => {
      dripping(() => response.writeContinue(), response, 1);
    };
    await assert.rejects(client(2000).get('/storm'), {
      name: 'HubError',
      message: /says again and again that it will answer/,
    });
  });

  it('is given up when a file comes a byte at a time, over one connection or many', async () => {
    const content = Buffer.alloc(100_000, 7);
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      dripping(() => response.write('a'), response, 10);
    };
    const files = [fileOf('model.safetensors', content)];
    await assert.rejects(download(client(), listing, files, folder), {
      name: 'HubError',
      message: /broke off again and again: .* sends too slowly/,
    });
    assert.equal(asked, 5);
    asked = 0;
    answer = (request, response) => {
      response.writeHead(request.headers.range === undefined ? 200 : 206, {
        'content-length': content.length,
      });
      response.write('a', () => response.destroy());
    };
    await assert.rejects(download(client(), listing, files, folder), {
      name: 'HubError',
      message: /broke off again and again/,
    });
    assert.ok(asked <= 5, `${asked} requests`);
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16000].slice(0, pauses.length));
    assert.ok(pauses.length >= 4);
  });

  it('brings a file anew of which more was kept than there is', async () => {
    const content = Buffer.alloc(5000, 7);
    writeFileSync(join(folder, 'model.safetensors.part'), Buffer.alloc(4000, 1));
    const ranges: (string | undefined)[] = [];
    answer = (request, response) => {
      ranges.push(request.headers.range);
      if (request.headers.range === undefined) response.writeHead(200).end(content);
      else response.writeHead(416).end();
    };
    await download(client(), listing, [fileOf('model.safetensors', content)], folder);
    assert.deepEqual(ranges, ['bytes=4000-', undefined]);
    assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), content);
  });

  it('writes nothing through a link that lies in the folder', async function () {
    if (process.platform === 'win32') this.skip();
    const elsewhere = join(folder, 'elsewhere');
    const target = join(folder, 'target');
    mkdirSync(elsewhere);
    mkdirSync(target);
    symlinkSync(elsewhere, join(target, 'onnx'));
    const content = Buffer.from('numbers');
    answer = (_request, response) => response.end(content);
    await assert.rejects(download(client(), listing, [fileOf('onnx/model.onnx', content)], target), {
      name: 'HubError',
      message: /is a link, through which nothing is written/,
    });
    assert.deepEqual(await readdir(elsewhere), []);
    symlinkSync(join(elsewhere, 'x'), join(target, 'model.onnx.part'));
    await assert.rejects(download(client(), listing, [fileOf('model.onnx', content)], target), {
      name: 'HubError',
      message: /is a link, through which nothing is written/,
    });
    assert.equal(existsSync(join(elsewhere, 'x')), false);
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { crc32, deflateRawSync } from 'node:zlib';
import { readWhole } from '../../../src/platform/files.js';
import { InflateError } from '../../../src/platform/platform.js';
import { webPlatform } from '../../../src/platform/web.js';
import { platform as node } from '../../support/platform.js';

const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * at) % 251);

/** As one stream, in parts of so many bytes. */
async function* inParts(all: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

describe('The platform of a browser', () => {
  let server: Server;
  let origin = '';
  const ranges: (string | undefined)[] = [];

  before(async () => {
    server = createServer(({ url, headers: { range } }, response) => {
      ranges.push(range);
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      if (url === '/missing') response.writeHead(404).end();
      else if (url === '/shorter') response.end(bytes.subarray(1));
      else if (from === undefined || url === '/whole') response.end(bytes);
      else response.writeHead(206).end(bytes.subarray(Number(from), Number(to) + 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    origin = `http://127.0.0.1:${address.port}`;
  });
  beforeEach(() => {
    ranges.length = 0;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const treeOf = (): ReturnType<typeof webPlatform> =>
    webPlatform({
      files: {
        '/media/models/a/config.json': Uint8Array.of(1, 2, 3),
        '/media/models/a/parts': { url: `${origin}/parts`, size: bytes.length },
        '/media/whole': { url: `${origin}/whole`, size: bytes.length },
        '/media/missing': { url: `${origin}/missing`, size: bytes.length },
        '/media/shorter': { url: `${origin}/shorter`, size: bytes.length },
      },
    });

  it('inflates what zlib deflated, and has its checksums', async () => {
    const deflated = new Uint8Array(deflateRawSync(bytes));
    for (const { inflate } of [treeOf(), node]) {
      const out: number[] = [];
      let checksum = 0;
      await inflate.all(inParts(deflated, 100_001), (part) => {
        for (const byte of part) out.push(byte);
        checksum = inflate.crc32(part, checksum);
      });
      assert.deepEqual(Uint8Array.from(out), bytes);
      assert.equal(checksum, crc32(bytes));
      const start = inflate.start(deflated.subarray(0, 1024));
      assert.ok(start.length > 0);
      assert.deepEqual(start, bytes.subarray(0, start.length));
    }
  });

  it('refuses a stream that is damaged or ends early, and hands on what its taker throws', async () => {
    const deflated = new Uint8Array(deflateRawSync(bytes));
    const reason = new Error('enough');
    for (const { inflate } of [treeOf(), node]) {
      const take = (): void => undefined;
      await assert.rejects(inflate.all(inParts(Uint8Array.of(255, 255, 1), 10), take), InflateError);
      await assert.rejects(inflate.all(inParts(deflated.subarray(0, -9), 4096), take), InflateError);
      assert.throws(() => inflate.start(Uint8Array.of(255, 255, 1)), InflateError);
      await assert.rejects(
        inflate.all(inParts(deflated, 4096), () => {
          throw reason;
        }),
        reason,
      );
    }
  });

  it('has the hashes that Node has', async () => {
    const expected = createHash('sha256').update(bytes).digest('base64');
    for (const platform of [treeOf(), node]) assert.equal(await platform.sha256(bytes), expected);
  });

  it('has the files that it was handed, and the folders that they lie in', async () => {
    const { files } = treeOf();
    assert.deepEqual(await files.list('/media/models/'), [{ name: 'a', kind: 'folder' }]);
    assert.deepEqual((await files.list('/media')).map(({ name, kind }) => `${name} ${kind}`).toSorted(), [
      'missing file',
      'models folder',
      'shorter file',
      'whole file',
    ]);
    assert.deepEqual(await files.stat('/media/models/a/config.json'), { kind: 'file', size: 3, modified: 0 });
    assert.equal((await files.stat('/media/models')).kind, 'folder');
    assert.equal(await files.realpath('/media/../media/models/a'), '/media/models/a');
    assert.deepEqual(await readWhole(files, '/media/models/a/config.json'), Uint8Array.of(1, 2, 3));
    assert.deepEqual(await readWhole(files, '/media/models/a/config.json', 2), Uint8Array.of(1, 2));
    await assert.rejects(files.open('/media/none'), { code: 'ENOENT' });
    await assert.rejects(files.stat('/med'), { code: 'ENOENT' });
    await assert.rejects(files.open('/media/models'), { code: 'EISDIR' });
    await assert.rejects(files.list('/media/whole'), { code: 'ENOTDIR' });
  });

  it('fetches the part of a file that is read, and all of it at once where all is', async () => {
    const { files } = treeOf();
    const file = await files.open('/media/models/a/parts');
    const into = new Uint8Array(10);
    assert.equal(await file.read(into, 1000), 10);
    assert.deepEqual(into, bytes.slice(1000, 1010));
    assert.equal(await file.read(into, bytes.length - 4), 4);
    assert.deepEqual(into.slice(0, 4), bytes.slice(-4));
    assert.equal(await file.read(into, bytes.length), 0);
    await file.close();
    assert.deepEqual(await readWhole(files, '/media/models/a/parts'), bytes);
    assert.deepEqual(ranges, ['bytes=1000-1009', 'bytes=299996-299999', undefined]);
  });

  it('fetches a file once from a server that gives no parts', async () => {
    const file = await treeOf().files.open('/media/whole');
    const into = new Uint8Array(10);
    for (const at of [0, 1000, 299_990]) {
      assert.equal(await file.read(into, at), 10);
      assert.deepEqual(into, bytes.slice(at, at + 10));
    }
    await file.close();
    assert.equal(ranges.length, 1);
  });

  it('says in a sentence what cannot be fetched', async () => {
    const { files } = treeOf();
    await assert.rejects(
      readWhole(files, '/media/missing'),
      /missing cannot be fetched: the server says 404\.$/,
    );
    await assert.rejects(
      readWhole(files, '/media/shorter'),
      /shorter was fetched with 299999 bytes instead of 300000/,
    );
    const gone = webPlatform({ files: { '/a': { url: 'http://127.0.0.1:9/a', size: 3 } } });
    await assert.rejects(
      readWhole(gone.files, '/a'),
      /^FileError: http:\/\/127\.0\.0\.1:9\/a cannot be fetched: /,
    );
  });
});

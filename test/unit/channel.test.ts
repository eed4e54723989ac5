import assert from 'node:assert/strict';
import { CancelledError, Channel, pack, unpack, type Port, type Progress } from '../../src/channel.js';
import type { Methods, Notices } from '../../src/protocol.js';

type Served = {
  readonly double: { readonly params: number; readonly result: number };
  readonly wait: { readonly params: null; readonly result: string };
  readonly count: { readonly params: number; readonly result: string };
  readonly fail: { readonly params: string; readonly result: never };
};
type Heard = { readonly said: string };
type None = Readonly<Record<never, never>>;

/** Two ports that are joined: what one posts, the other hears in a later turn, copied as between processes. */
class Pair {
  readonly posted: unknown[] = [];
  private readonly listeners: [Set<(message: unknown) => void>, Set<(message: unknown) => void>] = [
    new Set(),
    new Set(),
  ];

  port(side: 0 | 1): Port {
    const other = this.listeners[1 - side];
    return {
      post: (message) => {
        const copy: unknown = structuredClone(message);
        this.posted.push(copy);
        setImmediate(() => {
          for (const listener of other ?? []) listener(copy);
        });
      },
      listen: (listener) => {
        this.listeners[side].add(listener);
        return () => this.listeners[side].delete(listener);
      },
    };
  }

  /** A message that no channel sent. */
  inject(side: 0 | 1, message: unknown): void {
    for (const listener of this.listeners[side]) listener(message);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 4): Promise<void> {
  for (let at = 0; at < count; at++) await turn();
}

const endless = (depth: number): number => endless(depth + 1) + depth;

/** What fails without a sentence. */
const unforeseen: Readonly<Record<string, () => unknown>> = {
  undefined: () => (JSON.parse('{}') as { readonly a: { readonly b: string } }).a.b, // There is no `a` in it.
  deep: () => endless(0),
  long: () => new Array<number>(-1),
};

class Missing extends Error {
  override readonly name = 'Missing';
}

describe('a channel', () => {
  let pair: Pair;
  let caller: Channel<Served, Heard, None, None>;
  /** Keeps to no agreement about names. */
  let stranger: Channel<Methods, Notices, None, None>;
  let server: Channel<None, None, Served, Heard>;
  let heard: string[];
  let aborted: boolean;

  beforeEach(() => {
    pair = new Pair();
    heard = [];
    aborted = false;
    server = new Channel<None, None, Served, Heard>(
      pair.port(1),
      {
        double: (value) => value * 2,
        wait: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted = true;
              reject(new Error('stopped'));
            });
          }),
        count: async (most, { progress }) => {
          for (let at = 0; at < most; at++) {
            progress({ message: `step ${at}`, fraction: at / most });
            await turn();
          }
          return 'done';
        },
        fail: (message) => {
          unforeseen[message]?.();
          throw new Missing(message);
        },
      },
      { said: (text) => heard.push(text) },
    );
    caller = new Channel<Served, Heard, None, None>(pair.port(0), {}, {});
    stranger = new Channel<Methods, Notices, None, None>(pair.port(0), {}, {});
  });
  afterEach(() => {
    caller.dispose();
    stranger.dispose();
    server.dispose();
  });

  it('answers requests, each its own', async () => {
    const answers = [1, 2, 3].map((value) => caller.request('double', value));
    assert.deepEqual(await Promise.all(answers), [2, 4, 6]);
  });

  it('carries notices', async () => {
    caller.notify('said', 'hello');
    await turns();
    assert.deepEqual(heard, ['hello']);
  });

  it('tells of progress in order, and of none after the answer', async () => {
    const seen: Progress[] = [];
    const onProgress = (progress: Progress): void => void seen.push(progress);
    assert.equal(await caller.request('count', 3, { onProgress }), 'done');
    pair.inject(0, { type: 'progress', id: 1, progress: { message: 'late', fraction: 1 } });
    assert.deepEqual(
      seen.map(({ fraction }) => fraction),
      [0, 1 / 3, 2 / 3],
    );
  });

  it('carries an error’s sentence and class', async () => {
    await assert.rejects(caller.request('fail', 'no such file'), {
      name: 'RemoteError',
      message: 'no such file',
      kind: 'Missing',
    });
  });

  it('says in a sentence what JavaScript says of what nobody foresaw, or of its own limits', async () => {
    for (const [thrown, message] of [
      ['undefined', /^“fail” failed in a way that nobody foresaw: please report it.* \(Cannot read/],
      ['deep', /^“fail” needs more memory than there is for it \(Maximum call stack size exceeded\)\.$/],
      ['long', /^“fail” needs more memory than there is for it \(Invalid array length\)\.$/],
    ] as const) {
      await assert.rejects(caller.request('fail', thrown), { name: 'RemoteError', message });
    }
  });

  it('cancels at once for the caller, and tells the other side', async () => {
    const controller = new AbortController();
    const request = caller.request('wait', null, { signal: controller.signal });
    await turns();
    controller.abort();
    await assert.rejects(request, CancelledError);
    await turns();
    assert.ok(aborted);
    assert.equal(await caller.request('double', 4), 8);
  });

  it('sends nothing where it was cancelled before', async () => {
    await assert.rejects(caller.request('double', 1, { signal: AbortSignal.abort() }), CancelledError);
    assert.deepEqual(pair.posted, []);
  });

  it('lets go of a signal once answered', async () => {
    const controller = new AbortController();
    await caller.request('double', 1, { signal: controller.signal });
    const sent = pair.posted.length;
    controller.abort();
    assert.equal(pair.posted.length, sent);
  });

  it('rejects what is under way when it is closed, and what comes after', async () => {
    const request = caller.request('wait', null);
    caller.dispose(new Missing('the engine has gone'));
    await assert.rejects(request, Missing);
    await assert.rejects(caller.request('double', 1), /closed/);
    caller.dispose();
  });

  it('stops what it was doing for the other side when it is closed, and answers no more', async () => {
    const request = caller.request('wait', null);
    await turns();
    server.dispose();
    await turns();
    assert.ok(aborted);
    caller.dispose();
    await assert.rejects(request, CancelledError);
    assert.equal(pair.posted.length, 1);
  });

  it('rejects a request whose parameters cannot travel, and keeps no trace of it', async () => {
    const unsendable: unknown = { run: () => 0 };
    await assert.rejects(stranger.request('double', unsendable), { name: 'DataCloneError' });
    const controller = new AbortController();
    await assert.rejects(stranger.request('double', unsendable, { signal: controller.signal }));
    controller.abort();
    assert.deepEqual(pair.posted, []);
  });

  it('answers with an error where a result cannot travel', async () => {
    server.dispose();
    server = new Channel<None, None, Served, Heard>(
      pair.port(1),
      {
        // The type is a lie, as a bug would be.
        double: () => Symbol('result') as unknown as number,
        wait: () => '',
        count: () => '',
        fail: () => assert.fail(),
      },
      {},
    );
    await assert.rejects(caller.request('double', 1), { name: 'RemoteError', kind: 'DataCloneError' });
  });

  for (const method of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'missing', '']) {
    it(`has no method “${method}”`, async () => {
      await assert.rejects(stranger.request(method, null), {
        name: 'RemoteError',
        message: `There is no method “${method}”.`,
      });
      stranger.notify(method, 'x');
      await turns();
      assert.deepEqual(heard, []);
    });
  }

  it('ignores what is no message of its own, and works on', async () => {
    const waiting = caller.request('wait', null);
    const hostile: unknown[] = [
      ...[null, undefined, 0, 'request', [], {}, Symbol.iterator, () => 0],
      ...[{ type: 'eval' }, { type: '__proto__' }, { type: { toString: () => 'request' } }],
      ...[{ type: 'request' }, { type: 'request', id: '1', method: 'double', params: 1 }],
      ...[{ type: 'request', id: 1, method: {}, params: 1 }],
      ...[{ type: 'result' }, { type: 'result', id: 99, result: 1 }, { type: 'result', id: '1', result: 1 }],
      ...[{ type: 'error' }, { type: 'error', id: 1 }, { type: 'error', id: 99, message: 'x', kind: 'x' }],
      ...[{ type: 'cancel' }, { type: 'cancel', id: 99 }, { type: 'notice' }, { type: 'notice', name: null }],
      ...[{ type: 'progress' }, { type: 'progress', id: 1 }, { type: 'progress', id: 1, progress: null }],
    ];
    const before = pair.posted.length;
    for (const message of hostile) {
      pair.inject(0, message);
      pair.inject(1, message);
    }
    await turns();
    assert.equal(pair.posted.length, before, 'nothing of it is answered');
    assert.equal(await caller.request('double', 21), 42);
    caller.dispose();
    await assert.rejects(waiting, CancelledError, 'a forged answer settles nothing');
  });
});

describe('messages for a webview', () => {
  const travel = (message: unknown): unknown => unpack(pack(message));

  it('keep numbers that JSON has no word for', () => {
    const message = { a: [NaN, Infinity, -Infinity, 1.5, -0], b: { c: NaN }, d: null, e: 'NaN', f: false };
    const json: unknown = JSON.parse(JSON.stringify(pack(message)));
    assert.deepEqual(unpack(json), { ...message, a: [NaN, Infinity, -Infinity, 1.5, 0] });
  });

  it('copy a typed array out of a larger buffer, and leave one alone that fills its own', () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    assert.equal(pack(whole), whole);
    const part = pack(whole.subarray(1, 3));
    assert.ok(part instanceof Float32Array);
    assert.deepEqual([...part], [2, 3]);
    assert.equal(part.buffer.byteLength, 8);
    const wide = pack(Float64Array.of(1, 2, 3).subarray(2));
    assert.ok(wide instanceof Float64Array);
    assert.deepEqual([...wide], [3]);
    const pixels = pack(Uint8ClampedArray.of(1, 2, 3).subarray(1));
    assert.ok(pixels instanceof Uint8ClampedArray);
    assert.deepEqual([...pixels], [2, 3]);
  });

  it('refuse what would not arrive as it is', () => {
    assert.throws(() => pack(new Int16Array(new ArrayBuffer(32), 8, 2)), /Int16Array cannot travel/);
  });

  it('never reach a prototype', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"polluted": true}, "a": {"constructor": 1}}');
    const result = travel(hostile);
    assert.ok(typeof result === 'object' && result !== null);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.deepEqual(Object.keys(result), ['__proto__', 'a']);
  });
});

import assert from 'node:assert/strict';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openTensors } from '../../../src/formats/index.js';
import { fromBytes } from '../../../src/formats/source.js';
import { platform } from '../../support/platform.js';
import { zipOf } from '../../support/formats/archive.js';

/** What a file came to, opened by a thread whose heap is bounded. */
interface Outcome {
  readonly tensors: number;
  readonly skipped: number;
  readonly error: string | undefined;
  /** Of its processor, in milliseconds. */
  readonly cpu: number;
}

/** What is promised of every file. */
const heapMegabytes = (bytes: number): number => 64 + Math.ceil((8 * bytes) / 2 ** 20);

/** Ten times what the slowest takes here, and a hundredth of what any took before. */
const mostCpu = 15_000;

function open(name: string, bytes: Uint8Array): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, {
      workerData: { name, bytes },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes(bytes.length) },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function opened(name: string, bytes: Uint8Array): Promise<Outcome> {
  const begun = process.cpuUsage();
  const found = await openTensors(platform, fromBytes(name, bytes)).catch((error: unknown) => error);
  const cpu = process.cpuUsage(begun).user / 1000;
  if (found instanceof Error) {
    return { tensors: 0, skipped: 0, error: `${found.name}: ${found.message}`, cpu };
  }
  assert.ok(
    typeof found === 'object' && found !== null && 'tensors' in found && Array.isArray(found.tensors),
  );
  const skipped = 'skipped' in found && Array.isArray(found.skipped) ? found.skipped.length : 0;
  return { tensors: found.tensors.length, skipped, error: undefined, cpu };
}

// ---- pickles

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const text = (value: string): Buffer =>
  Buffer.concat([latin('X'), uint32(Buffer.byteLength(value)), Buffer.from(value)]);
const storage = Buffer.concat([
  latin('('),
  text('storage'),
  latin('ctorch\nFloatStorage\n'),
  text('0'),
  text('cpu'),
  latin('K\u0004tQ'),
]);
const tensor = Buffer.concat([
  latin('ctorch._utils\n_rebuild_tensor_v2\n('),
  storage,
  latin('K\u0000K\u0004\u0085K\u0001\u0085\u0089ccollections\nOrderedDict\n)RtR'),
]);
const start = latin('\u0080\u0002');
/** The tensor, numbered 5. */
const numbered = Buffer.concat([tensor, latin('q\u00050')]);
const references = (count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, at) => Buffer.concat([text(String(at)), latin('h\u0005')])),
  );

function pt(...parts: readonly Buffer[]): Uint8Array {
  return zipOf([
    ['a/data.pkl', Buffer.concat([start, ...parts])],
    ['a/data/0', new Uint8Array(16)],
  ]);
}

const beside = Buffer.concat([text('t'), tensor, latin('s')]);

// ---- others

const ascii = (value: string): Uint8Array => new Uint8Array(latin(value));

function npy(count: number): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count},), }`.padEnd(117);
  return Buffer.concat([
    latin('\u0093NUMPY\u0001\u0000v\u0000'),
    latin(`${header}\n`),
    Buffer.alloc(4 * count),
  ]);
}

function safetensors(header: string, data: number): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  return new Uint8Array(Buffer.concat([length, latin(header), Buffer.alloc(data)]));
}

const uint64 = (value: number): Buffer => Buffer.concat([uint32(value), uint32(0)]);
const ggufText = (value: string): Buffer => Buffer.concat([uint64(value.length), latin(value)]);

function gguf(keys: readonly Buffer[], tensors: readonly Buffer[], data: number): Uint8Array {
  const header = Buffer.concat([
    ...[latin('GGUF'), uint32(3), uint64(tensors.length), uint64(keys.length)],
    ...[...keys, ...tensors],
  ]);
  return new Uint8Array(
    Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), Buffer.alloc(data)]),
  );
}

const ggufTensor = (name: string, type: number, offset: number): Buffer =>
  Buffer.concat([ggufText(name), uint32(1), uint64(1), uint32(type), uint64(offset)]);

/** File → its bytes, and the number of tensors in it or what it is refused with. */
const bombs: Readonly<Record<string, readonly [bytes: () => Uint8Array, outcome: number | RegExp]>> = {
  'a-long-key-before-many.pt': [
    () => pt(numbered, latin('}'), text('k'.repeat(100_000)), latin('}('), references(20_000), latin('us.')),
    /names that take more room than all of its pickle/,
  ],
  'references.pt': [() => pt(numbered, latin('}('), references(100_000), latin('u.')), 100_000],
  'appends.pt': [
    () => pt(latin('}'), text('a'), latin(`](${'K\u0001'.repeat(130_000)}es`), beside, latin('.')),
    1,
  ],
  'doubled.pt': [
    () => {
      const levels = Array.from({ length: 29 }, (_, at) => {
        const before = String.fromCharCode(at);
        return latin(`(h${before}h${before}lq${String.fromCharCode(at + 1)}0`);
      });
      return pt(tensor, latin('q\u00000'), ...levels, latin('h\u001d.'));
    },
    /holds more, or deeper, than any state dictionary/,
  ],
  'lists.pt': [() => pt(latin(`(${']'.repeat(8_000_000)}t.`)), /more lists and objects than any/],
  'values.pt': [() => pt(latin(`(${'N'.repeat(8_000_000)}t.`)), /more values in a row than any/],
  'memo.pt': [() => pt(latin(`N${'\u0094'.repeat(8_000_000)}.`)), /holds no tensors/],
  'digits.csv': [() => ascii(`${'1'.repeat(400_000)}x,2\n1,2\n3,4\n`), 1],
  'points.csv': [() => ascii(`${'1.'.repeat(200_000)}x,2\n1,2\n3,4\n`), 1],
  'an-open-quote.csv': [() => ascii(`1,"\n${'1\n'.repeat(700_000)}`), /is not closed within 1000 lines/],
  'comments.csv': [() => ascii(`${'# a b c\n'.repeat(1_000_000)}1,2\n3,4\n`), 1],
  'claims.json': [
    () => {
      const claim = (depth: number): string =>
        depth === 0 ? '1' : `[${claim(depth - 1)}${',0'.repeat(999)}]`;
      return ascii(claim(4));
    },
    /element \[0\]\[0\]\[1\] is 0, where a list of 1000 is needed/,
  ],
  'keys.json': [
    () => ascii(`{${Array.from({ length: 1_000_000 }, (_, at) => `"${at}":1`).join(',')}}`),
    /names more than 131072 things in one object/,
  ],
  'rows.json': [() => ascii(`[${'[1],'.repeat(999_999)}[1]]`), 1],
  'members.npz': [
    () => zipOf(Array.from({ length: 20_000 }, (_, at) => [`${at}.npy`, npy(1)] as const)),
    20_000,
  ],
  'bombs.npz': [
    () => {
      const bytes = npy(2 ** 16);
      return zipOf(
        Array.from({ length: 1000 }, (_, at) => [`${at}.npy`, bytes] as const),
        true,
      );
    },
    1000,
  ],
  'many.safetensors': [
    () => {
      const entries = Array.from(
        { length: 300_000 },
        (_, at) => `"${at}":{"dtype":"F32","shape":[1],"data_offsets":[${4 * at},${4 * at + 4}]}`,
      );
      return safetensors(`{${entries.join(',')}}`, 1_200_000);
    },
    300_000,
  ],
  'many.gguf': [
    () =>
      gguf(
        [],
        Array.from({ length: 131_000 }, (_, at) => ggufTensor(String(at), 0, 32 * at)),
        32 * 131_000,
      ),
    131_000,
  ],
  'unread.gguf': [
    () =>
      gguf(
        [],
        Array.from({ length: 131_000 }, (_, at) => ggufTensor(String(at), 99, 0)),
        0,
      ),
    /has the type with the unknown number 99/,
  ],
  'a-list.gguf': [
    () =>
      gguf(
        [
          Buffer.concat([
            ggufText('a'),
            uint32(9),
            uint32(0),
            uint64(10_000_000),
            Buffer.alloc(10_000_000, 1),
          ]),
        ],
        [ggufTensor('t', 0, 0)],
        32,
      ),
    1,
  ],
};

if (isMainThread) {
  describe('Files that claim, or cost, more than they are', function () {
    this.timeout(120_000);
    for (const [name, [bytes, outcome]] of Object.entries(bombs)) {
      it(`${name} is read in memory and time in proportion, or refused`, async () => {
        const { tensors, error, cpu } = await open(name, bytes());
        if (typeof outcome === 'number') {
          assert.equal(error, undefined);
          assert.equal(tensors, outcome);
        } else {
          assert.match(error ?? '', outcome);
          assert.match(error ?? '', /^FormatError: /);
        }
        assert.ok(cpu < mostCpu, `${Math.round(cpu)} ms`);
      });
    }
  });
} else {
  const { name, bytes } = workerData as { readonly name: string; readonly bytes: Uint8Array }; // Of `open`.
  void opened(name, bytes).then((outcome) => parentPort?.postMessage(outcome));
}

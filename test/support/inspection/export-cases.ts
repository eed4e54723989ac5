// What is exported by the tests, by print_exports.ts, and read back by NumPy and PyTorch in read_exports.py.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arrayMember } from '../../../src/inspection/exports/npz.js';
import { zipBytes } from '../../../src/inspection/exports/zip.js';
import { Engine } from '../../../src/inspection/core/engine.js';
import { Inspection } from '../../../src/inspection/core/inspection.js';
import { TextPreparation } from '../../../src/inspection/sources/text.js';
import { modelAt } from '../../../src/models/index.js';
import { Model } from '../../../src/models/model.js';
import type { ExportRequest, Material, ParameterValues } from '../../../src/protocol.js';
import { Runtime } from '../../../src/runtime/session.js';
import { fixtures, media, tensorNamed, tensorsIn } from '../models/expected.js';
import { seeded, tensor, type TestTensor } from './numbers.js';
import { platform } from '../platform.js';

/** Something to export. Whoever opens it disposes of it. */
export interface Opened {
  readonly inspection: Inspection;
  dispose(): Promise<void>;
}

export async function openMaterial(
  material: Material,
  parameters: ParameterValues = {},
  by: { readonly mechanism?: string; readonly model?: string } = {},
): Promise<Opened> {
  const engine = new Engine(platform, media);
  const { mechanism, model } = by;
  const inspection = await engine.open({
    material,
    parameters,
    by: {
      ...(mechanism === undefined ? {} : { mechanism }),
      ...(model === undefined ? {} : { model: modelAt(model) }),
    },
  });
  assert.ok(inspection instanceof Inspection);
  return { inspection, dispose: () => engine.dispose() };
}

function tensorsOf(shapes: Readonly<Record<string, readonly number[]>>): Record<string, TestTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], at) => [name, tensor(shape, seeded(at + 11))]),
  );
}

/** Scores of two layers and three heads, with −∞ among them: what is exported is what was given, to the last bit. */
export function openScores(): Promise<Opened> {
  const next = seeded(5);
  const scores = tensor([2, 3, 4, 5], (at) => (at % 7 === 3 ? -Infinity : 10 * next()));
  return openMaterial({ kind: 'tensors', tensors: { scores } });
}

/** A checkpoint of the fixtures that has run on its own numbers of tokens. */
export async function openModel(name: string): Promise<Opened> {
  const runtime = new Runtime(platform);
  const model = await Model.open(platform, join(fixtures, name));
  const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
  const ids = [...tensorNamed(expected, 'ids').data].slice(0, 12);
  const encoding = { ids, tokens: ids.map(String), ranges: ids.map(() => null), total: ids.length };
  const handle = { model, identity: undefined, release: () => model.dispose() };
  const preparation = new TextPreparation(handle, encoding, runtime);
  const inspection = await Inspection.open(name, preparation, runtime, { parameters: {} }, {});
  return {
    inspection,
    async dispose() {
      await inspection.dispose();
      await runtime.dispose();
    },
  };
}

const keep = tensor([5, 6], (at) => (at % 6 <= at / 6 + 1 ? 1 : 0));
const projections = { X: [5, 12], W_Q: [12, 12], W_K: [12, 6], W_V: [12, 6], W_O: [12, 12], b_Q: [12] };

/** A checkpoint of each family that reads with one stack of layers, and of each way to attend that a setting makes. */
const readers: readonly string[] = [
  'albert',
  'bert',
  'distilbert',
  'electra',
  'gemma2',
  'gemma3',
  'gpt-neo',
  'gpt-neox',
  'gpt2',
  'gpt2-unscaled',
  'llama',
  'llama3',
  'mistral',
  'modernbert',
  'mpnet',
  'phi',
  'phi3',
  'qwen2',
  'qwen3',
  'roberta',
  'xlm-roberta',
  'settings/gemma3-ahead',
];

/** A checkpoint of each family with an encoder and a decoder. */
const halves: readonly string[] = ['bart', 'm2m-100', 'marian', 'mbart', 'mt5', 'pegasus', 't5'];

/** A tokenizer of single letters, for checkpoints that have none. */
const letters = {
  version: '1.0',
  added_tokens: [],
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'Unigram',
    unk_id: 2,
    vocab: ['<pad>', '</s>', '<unk>', '▁', ...'abcdefghijklmnopqrstuvwxyz'].map((piece, at) => [piece, -at]),
  },
};

/** One of the attentions of an encoder–decoder model. */
async function openHalf(name: string, stack: string): Promise<Opened> {
  const scratch = await mkdtemp(join(tmpdir(), 'half-'));
  const copy = join(scratch, name);
  await cp(join(fixtures, name), copy, { recursive: true });
  await writeFile(join(copy, 'tokenizer.json'), JSON.stringify(letters));
  const parameters = { attention: stack, length: 5 };
  const opened = await openMaterial({ kind: 'text', texts: ['cats sit'] }, parameters, { model: copy });
  return {
    inspection: opened.inspection,
    async dispose() {
      await opened.dispose();
      await rm(scratch, { recursive: true });
    },
  };
}

/** What programs are printed of: models of every family and every way to attend, and mechanisms. */
export const programCases: Readonly<Record<string, () => Promise<Opened>>> = {
  'dot-product-heads': () =>
    openMaterial(
      { kind: 'tensors', tensors: tensorsOf({ Q: [3, 5, 4], K: [3, 6, 4], V: [3, 6, 4] }) },
      { temperature: 2, softcap: 1.5, bias: 'alibi' },
    ),
  'dot-product-groups': () =>
    openMaterial({
      kind: 'tensors',
      tensors: { ...tensorsOf({ Q: [4, 5, 4], K: [2, 6, 4], V: [2, 6, 4] }), keep },
    }),
  'dot-product': () =>
    openMaterial(
      { kind: 'tensors', tensors: tensorsOf({ Q: [5, 4], K: [5, 4], V: [5, 3] }) },
      { mask: 'causal', rotary: 'halves' },
    ),
  'multi-head-groups': () =>
    openMaterial(
      { kind: 'tensors', tensors: tensorsOf(projections) },
      { heads: '4', mask: 'prefix', prefix: 2, sink: 'logit', sinkLogit: 0.5, gradient: 'norm' },
    ),
  bahdanau: () =>
    openMaterial({
      kind: 'tensors',
      tensors: tensorsOf({ S: [3, 4], H: [5, 6], W_a: [4, 7], U_a: [6, 7], v_a: [7] }),
    }),
  ...Object.fromEntries(readers.map((name) => [name.replace('/', '-'), () => openModel(name)])),
  ...Object.fromEntries(
    halves.flatMap((name) =>
      (['encoder', 'decoder', 'cross'] as const).map((stack) => [
        `${name}-${stack}`,
        () => openHalf(name, stack),
      ]),
    ),
  ),
  't5-text': () =>
    openMaterial({ kind: 'text', texts: ['cats sit'] }, {}, { model: join(fixtures, 't5-text') }),
};

/** The scopes that programs are printed for: the last layer, its last head and all of them, and layers that differ from it. */
export function scopesOf(inspection: Inspection): Record<string, ExportRequest['scope']> {
  const { layers, heads } = inspection.summary;
  const all = { layer: layers - 1, head: 'all' } as const;
  const scopes: Record<string, ExportRequest['scope']> =
    heads === 1 ? { all } : { all, head: { layer: layers - 1, head: heads - 1 } };
  const programOf = (layer: number): string =>
    inspection.code({ language: 'numpy', scope: { layer, head: 'all' } }).replaceAll(/^#.*\n/gm, '');
  const seen = new Set([programOf(layers - 1)]);
  for (let layer = layers - 2; layer >= 0; layer--) {
    const text = programOf(layer);
    if (!seen.has(text)) scopes[`layer-${layer + 1}`] = { layer, head: 'all' };
    seen.add(text);
  }
  return scopes;
}

/** The files of an export, whole. */
export async function exported(
  inspection: Inspection,
  request: Omit<ExportRequest, 'inspection'>,
): Promise<Map<string, Buffer>> {
  const open = inspection.export(request);
  const pieces = open.files.map((): Uint8Array[] => []);
  try {
    for (let next = await open.read(); next !== null; next = await open.read())
      pieces[next.file]?.push(next.bytes);
  } finally {
    await open.close();
  }
  return new Map(open.files.map(({ name }, at) => [name, Buffer.concat(pieces[at] ?? [])]));
}

/** The exports of given scores that NumPy has read: by name, what was asked for. */
export const dataCases: readonly Omit<ExportRequest, 'inspection'>[] = ['npy', 'npz', 'csv', 'json'].flatMap(
  (exporter) =>
    ([1, 'all'] as const).flatMap((layer) =>
      ([2, 'all'] as const).map((head) => ({
        exporter,
        step: 'scores',
        scope: { layer, head },
        name: `scores-${layer}-${head}`,
      })),
    ),
);

/** Numbers in an archive whose sizes and places are all written in eight bytes, as those of large ones are. */
export async function wideArchive(): Promise<Buffer> {
  const numbers = tensor([6, 10], seeded(3));
  const member = (name: string): ReturnType<typeof arrayMember> =>
    arrayMember({
      name,
      shape: numbers.shape,
      async *bands() {
        yield await Promise.resolve(numbers.data);
      },
    });
  const pieces: Uint8Array[] = [];
  const members = [member('scores'), member('twice')];
  for await (const bytes of zipBytes(members, new AbortController().signal, 1)) pieces.push(bytes);
  return Buffer.concat(pieces);
}

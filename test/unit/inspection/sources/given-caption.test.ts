import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageInput, openImage } from '../../../../src/inspection/core/image-input.js';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { CaptionModel, openModel } from '../../../../src/models/index.js';
import type { InspectionSummary } from '../../../../src/protocol.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { assertClose, fixtures, media, tensorNamed, tensorsIn } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const word = (id: number): string => `w${String(id).padStart(2, '0')}`;

/** A tokenizer of 37 words, w00 to w36, that puts one of them before a text, and w03 behind it. */
function tokenizer(first: number): string {
  const special = (id: number) => ({ SpecialToken: { id: word(id), type_id: 0 } });
  const token = (id: number) => ({
    id,
    content: word(id),
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const tokens = (id: number) => ({ id: word(id), ids: [id], tokens: [word(id)] });
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...new Set([first, 3])].map(token),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special(first), { Sequence: { id: 'A', type_id: 0 } }, special(3)],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [word(first)]: tokens(first), w03: tokens(3) },
    },
    decoder: null,
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(Array.from({ length: 37 }, (_, id) => [word(id), id])),
      unk_token: 'w00',
    },
  });
}

describe('A caption that is given to a model whose tokenizer marks texts', () => {
  const engine = new Engine(platform, media);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'captions-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true });
  });

  async function read(name: string, first: number, text: string): Promise<InspectionSummary> {
    const path = join(folder, `${name}-${first}`);
    await cp(join(fixtures, 'image-text', name), path, { recursive: true });
    await writeFile(join(path, 'tokenizer.json'), tokenizer(first));
    const image = join(process.cwd(), 'test/fixtures/media/images/rgb.png');
    const opened = await engine.open({
      material: { kind: 'image', file: { kind: 'path', path: image }, text },
      by: { model: { kind: 'folder', path } },
      parameters: { attention: 'decoder' },
    });
    assert.ok(opened instanceof Inspection);
    const { summary } = opened;
    await engine.close(opened.id);
    return summary;
  }

  it('is read by BLIP with its own first token in place of the tokenizer’s, as its generate reads a prompt', async () => {
    const expected = await tensorsIn(join(fixtures, 'image-text', 'blip', 'expected.safetensors'));
    const prompt = [...tensorNamed(expected, 'prompt').data].map((id) => word(id));
    const { queries, keys, notices } = await read('blip', 9, prompt.slice(1).join(' '));
    assert.deepEqual(keys.words, prompt);
    assert.deepEqual(queries.words, [...prompt.slice(1), 'w03']);
    assert.deepEqual(queries.marks?.[0], { medium: 'text-0', kind: 'span', start: 0, end: 3 });
    assert.equal(queries.marks?.at(-1), null);
    assert.ok(notices.every((notice) => !notice.includes('before a text')));
  });

  it('is read with the mark where the model would begin with it, and else without, and says so', async () => {
    const without = await read('deit-bert', 9, 'w17 w06');
    assert.deepEqual(without.keys.words, ['w02', 'w17', 'w06']);
    assert.deepEqual(without.queries.words, ['w17', 'w06', 'w03']);
    assert.deepEqual(without.queries.marks?.[0], { medium: 'text-0', kind: 'span', start: 0, end: 3 });
    const said =
      'The tokenizer puts “w09” before a text, with which deit-bert-9 would not begin: the caption was read without it.';
    assert.ok(without.notices.includes(said), without.notices.join('\n'));
    const [expectation] = await firstOf('deit-bert');
    const own = await read('deit-bert', expectation ?? 0, 'w17 w06');
    assert.deepEqual(own.keys.words, ['w02', word(expectation ?? 0), 'w17', 'w06']);
    assert.ok(own.notices.every((notice) => !notice.includes('before a text')));
  });

  it('is attended to by what the decoder is given of the image, projected where both halves have other widths', async () => {
    const path = join(folder, 'vit-gpt2');
    await cp(join(fixtures, 'image-text', 'vit-gpt2'), path, { recursive: true });
    await writeFile(join(path, 'tokenizer.json'), tokenizer(9));
    const file = { kind: 'path', path: join(process.cwd(), 'test/fixtures/media/images/rgb.png') } as const;
    const opened = await engine.open({
      material: { kind: 'image', file, text: 'w17' },
      by: { model: { kind: 'folder', path } },
    });
    assert.ok(opened instanceof Inspection);
    const model = await openModel(platform, path);
    assert.ok(model instanceof CaptionModel);
    const { processed } = imageInput(await openImage(platform, file), model.processor);
    const { memory, inputsOf } = model.build(processed);
    const runtime = new Runtime(platform);
    const [wanted = assert.fail('nothing was computed')] = await runtime.run([memory], inputsOf(processed));
    for (const layer of [0, 2]) {
      const shown = await opened.slice({ inspection: '', step: 'Xkv', layer, head: 0 });
      assert.deepEqual(wanted.shape, [26, 10]);
      assertClose(shown, wanted, 1e-5, `layer ${layer}`);
    }
    await engine.close(opened.id);
    await model.dispose();
    await runtime.dispose();
  });

  /** What a model writes about the image by itself. */
  async function firstOf(name: string): Promise<readonly number[]> {
    const path = join(folder, name);
    await cp(join(fixtures, 'image-text', name), path, { recursive: true });
    await writeFile(join(path, 'tokenizer.json'), tokenizer(9));
    const image = join(process.cwd(), 'test/fixtures/media/images/rgb.png');
    const opened = await engine.open({
      material: { kind: 'image', file: { kind: 'path', path: image } },
      by: { model: { kind: 'folder', path } },
      parameters: { length: 1 },
    });
    assert.ok(opened instanceof Inspection);
    const { ids = [] } = opened.summary.continuation ?? {};
    await engine.close(opened.id);
    return ids;
  }
});

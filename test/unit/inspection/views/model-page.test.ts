import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import type { LayerPicture, ModelPage, ModelReference } from '../../../../src/protocol.js';
import { fixtures, media } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const folder = (name: string): ModelReference => ({ kind: 'folder', path: join(fixtures, name) });

describe('The page of a model', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  const sum = ({ parts }: ModelPage): number => parts.reduce((total, { count }) => total + count, 0);
  const fact = ({ facts }: ModelPage, title: string): string | undefined =>
    facts.find((each) => each.title === title)?.value;

  it('tells sizes, positions, norms and activations from the graph', async () => {
    const gemma = await engine.modelPage(folder('gemma2'));
    assert.equal(fact(gemma, 'Layers × heads'), '3 × 4');
    assert.equal(fact(gemma, 'Key–value heads'), '2, shared by 4 of queries');
    assert.equal(fact(gemma, 'Head dimension (d_k)'), '6');
    assert.equal(fact(gemma, 'Intermediate size (d_ff)'), '14');
    assert.equal(fact(gemma, 'Position encoding'), 'rotary (RoPE)');
    assert.equal(fact(gemma, 'Normalization'), 'RMSNorm, pre-norm');
    assert.equal(fact(gemma, 'Embeddings'), 'tied with the LM head');
    const neox = await engine.modelPage(folder('gpt-neox'));
    assert.equal(fact(neox, 'Embeddings'), 'not tied with the LM head');
    const bert = await engine.modelPage({ kind: 'embedded' });
    assert.equal(fact(bert, 'Normalization'), 'LayerNorm, post-norm');
    assert.equal(fact(bert, 'Key–value heads'), undefined);
    assert.deepEqual(bert.tokenizer.slice(0, 2), [
      { title: 'Model', value: 'WordPiece' },
      { title: 'Vocabulary size', value: '30,522' },
    ]);
    const t5 = await engine.modelPage(folder('t5'));
    assert.equal(fact(t5, 'Layers × heads'), 'encoder 2 × 3, decoder 3 × 3');
    assert.deepEqual(t5.stacks, [
      { title: 'Encoder', layers: 2 },
      { title: 'Decoder', layers: 3 },
    ]);
  });

  it('names the licence that lies beside it', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'attention-page-'));
    try {
      await cp(join(fixtures, 'bert'), scratch, { recursive: true });
      const page = (): Promise<ModelPage> => engine.modelPage({ kind: 'folder', path: scratch });
      assert.equal(fact(await page(), 'Licence'), undefined);
      await writeFile(
        join(scratch, 'LICENSE.txt'),
        '\n                  Apache License\n        Version 2.0\n',
      );
      assert.equal(fact(await page(), 'Licence'), 'Apache License (LICENSE.txt)');
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  it('reads a GGUF file and an ONNX export as they are', async () => {
    const gguf = await engine.modelPage({ kind: 'file', path: join(fixtures, 'gguf/llama.gguf') });
    assert.equal(sum(gguf) + gguf.unused.count, gguf.total);
    const path = join(fixtures, 'onnx/bert/eager-14.onnx');
    const onnx = await engine.modelPage({ kind: 'file', path });
    assert.equal(
      fact(onnx, 'Attention'),
      '2 places: /model/encoder/layer.0/attention/self, /model/encoder/layer.1/attention/self',
    );
    assert.deepEqual(onnx.stacks, []);
    assert.deepEqual(onnx.tokenizer[0], { title: 'Model', value: 'WordPiece' });
    await assert.rejects(engine.modelPage({ kind: 'dates', score: 'luong' }), { name: 'ModelError' });
    await assert.rejects(engine.modelPage(folder('nowhere')), { name: 'ModelError' });
  });

  describe('The picture of a layer', () => {
    const following = (picture: LayerPicture, id: number): string[] =>
      picture.arrows.flatMap(({ from, to }) => (from === id ? [picture.boxes[to]?.title ?? ''] : []));
    const box = ({ boxes }: LayerPicture, title: string, at = 0) => {
      const found = boxes.filter((each) => each.title === title)[at];
      assert.ok(found, title);
      return found;
    };

    it('has BERT’s layer as the paper draws it: attention, a sum, a norm, two linear layers, a sum, a norm', async () => {
      const picture = await engine.modelLayer({ kind: 'embedded' }, { stack: 0, layer: 5 });
      assert.deepEqual(following(picture, 0).toSorted(), ['Keys', 'Queries', 'Sum', 'Values']);
      assert.deepEqual(following(picture, box(picture, 'Queries').id), ['Scores']);
      assert.deepEqual(following(picture, box(picture, 'Weights').id), ['Head output']);
      assert.deepEqual(following(picture, box(picture, 'Output').id), ['Sum']);
      const norm = box(picture, 'Layer norm');
      assert.deepEqual(following(picture, norm.id).toSorted(), ['Linear', 'Sum']);
      assert.deepEqual(following(picture, box(picture, 'Linear').id), ['GELU']);
      assert.equal(box(picture, 'Linear').note, 'A weight matrix (384, 1536), and a bias (1536).');
      assert.equal(box(picture, 'Scores').shape, '(12, n, n)');
      assert.equal(box(picture, 'Scores').tex, 'S_h = Q_h K_h^{\\top}');
      const last = box(picture, 'Layer norm', 1);
      assert.deepEqual(following(picture, last.id), []);
      assert.match(last.note, /It is what the layer gives\.$/);
    });

    it('has a gate where Llama has one, and rotary positions before the scores', async () => {
      const picture = await engine.modelLayer(folder('llama'), { stack: 0, layer: 0 });
      assert.deepEqual(following(picture, box(picture, 'SiLU').id), ['Gate']);
      assert.deepEqual(following(picture, box(picture, 'Rotated keys').id), ['Scores']);
      assert.equal(box(picture, 'Keys').shape, '(2, n, 6)');
    });

    it('calls nothing n or m but numbers of tokens, whatever heads, groups and widths there are', async () => {
      const places = [
        [{ kind: 'gpt' }, 0],
        [folder('llama'), 0],
        // Its feed-forward network is 7 wide.
        [folder('gpt2-lm'), 0],
        [folder('mbart'), 0],
        [folder('mbart'), 1],
      ] as const;
      for (const [reference, stack] of places) {
        const { boxes } = await engine.modelLayer(reference, { stack, layer: 0 });
        for (const { title, shape } of boxes) {
          const extents = shape.slice(1, -1).split(', ');
          // (head, query, key) or (head, row, feature) or (row, feature)
          const isSquare = ['Scores', 'Scaled', 'Biased', 'Masked', 'Weights'].includes(title);
          if (extents.length === 3) assert.match(extents[0] ?? '', /^\d+$/, `${title} ${shape}`);
          assert.match(extents.at(-2) ?? '', /^[nm]$/, `${title} ${shape}`);
          assert.match(extents.at(-1) ?? '', isSquare ? /^[nm]$/ : /^\d+$/, `${title} ${shape}`);
        }
      }
    });

    it('has the encoder’s output come into a decoder’s layer', async () => {
      const picture = await engine.modelLayer(folder('bart'), { stack: 1, layer: 0 });
      const memory = box(picture, 'Encoder output');
      assert.deepEqual(following(picture, memory.id), ['Keys', 'Values']);
      assert.equal(box(picture, 'Scores', 1).shape, '(2, n, m)');
      assert.equal(box(picture, 'Scores', 1).group, 'cross-attention');
    });

    it('is asked for by number', async () => {
      await assert.rejects(engine.modelLayer(folder('bart'), { stack: 1, layer: 9 }), /has no such layer/);
      await assert.rejects(engine.modelLayer(folder('bert'), { stack: 1, layer: 0 }), /has no such layer/);
    });
  });
});

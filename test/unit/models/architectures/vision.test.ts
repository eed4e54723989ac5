import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { standardAttention } from '../../../../src/engine/mechanisms/index.js';
import type { Json } from '../../../../src/formats/json-text.js';
import { stepFor, type Value } from '../../../../src/engine/graph.js';
import { Checkpoint } from '../../../../src/models/checkpoint.js';
import { architectureOf } from '../../../../src/models/architectures/index.js';
import { Config } from '../../../../src/models/config.js';
import {
  visionArchitectureOf,
  visionArchitectures,
  type VisionGraph,
} from '../../../../src/models/architectures/vision/index.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const folder = join(fixtures, 'vision');
const names = readdirSync(folder);

describe('Vision architectures', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of names) {
    describe(name, () => {
      let checkpoint: Checkpoint;
      let expected: Tensors;
      before(async () => {
        checkpoint = await Checkpoint.open(platform, join(folder, name));
        expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      });
      after(() => checkpoint.dispose());

      it('computes what transformers computes, for images of any size', async () => {
        const family = visionArchitectureOf(checkpoint.config);
        const sizes = [...expected.keys()].filter((key) => key.endsWith(': pixels'));
        assert.ok(sizes.length > 0);
        for (const key of sizes) {
          const where = key.replace(': pixels', '');
          const pixels = tensorNamed(expected, key);
          const [, height = 0, width = 0] = pixels.shape;
          const graph = family.build(checkpoint, { width, height }, standardAttention);
          const weights = graph.layers.map((steps) => stepFor(steps, 'weights'));
          const logits: Value[] = graph.logits === undefined ? [] : [graph.logits];
          const targets = [...graph.hiddenStates, ...weights, ...logits];
          const found = await runtime.run(targets, graph.inputsOf({ width, height, pixels: pixels.data }));
          const states = tensorNamed(expected, `${where}: hidden_states`);
          const attentions = tensorNamed(expected, `${where}: attentions`);
          const last = tensorNamed(expected, `${where}: last`);
          assert.equal(states.shape[0], graph.hiddenStates.length);
          assert.equal(attentions.shape[0], graph.layers.length);
          const wanted = [
            ...graph.hiddenStates.slice(1).map((_, index) => at(states, index)),
            last,
            ...graph.layers.map((_, index) => at(attentions, index)),
          ];
          wanted.forEach((tensor, index) => {
            const result = found[index] ?? assert.fail('nothing was computed');
            assertClose(result, tensor, 1e-4, `${where}: ${index}`);
          });
          const classes = expected.get(`${where}: logits`);
          assert.equal(classes !== undefined, graph.logits !== undefined, 'whether there is a head');
          if (classes !== undefined) {
            const result = found.at(-1) ?? assert.fail('nothing was computed');
            assertClose({ shape: classes.shape, data: result.data }, classes, 1e-4, `${where}: logits`);
            const { labels } = family.describe(checkpoint.config);
            assert.deepEqual(labels, ['a cat', 'a dog', 'neither']);
          }
          assert.equal(graph.tokens.length, attentions.shape.at(-1));
        }
      });

      it('refuses images that have no patch, and inputs of another size', () => {
        const family = visionArchitectureOf(checkpoint.config);
        assert.throws(() => family.build(checkpoint, { width: 3, height: 40 }, standardAttention), {
          name: 'ModelError',
          message: `${name} cuts images into patches of 4 × 4 pixels; one of 3 × 40 has 0, and 1 to 16384 tokens are read.`,
        });
        const graph = family.build(checkpoint, { width: 20, height: 20 }, standardAttention);
        assert.equal(graph.interpolated, false);
        assert.throws(() => graph.inputsOf({ width: 4, height: 4, pixels: new Float32Array(48) }), {
          name: 'ModelError',
          message: `${name}: the graph reads images of 20 × 20 pixels, not 4 × 4.`,
        });
      });
    });
  }

  it('say what each token is', async () => {
    const tokensOf = async (name: string): Promise<VisionGraph['tokens']> => {
      const checkpoint = await Checkpoint.open(platform, join(folder, name));
      try {
        const size = { width: 8, height: 4 };
        return visionArchitectureOf(checkpoint.config).build(checkpoint, size, standardAttention).tokens;
      } finally {
        await checkpoint.dispose();
      }
    };
    const patches = [0, 1].map((column) => ({ kind: 'patch', row: 0, column }));
    assert.deepEqual(await tokensOf('deit'), [{ kind: 'class' }, { kind: 'distillation' }, ...patches]);
    const registers = [0, 1, 2].map((index) => ({ kind: 'register', index }));
    assert.deepEqual(await tokensOf('dinov2-registers'), [{ kind: 'class' }, ...registers, ...patches]);
    assert.deepEqual(await tokensOf('siglip'), patches);
  });

  it('are refused by a sentence where they read no images, or attend to no grid', () => {
    const refusal = (config: Record<string, string>, message: RegExp): void => {
      assert.throws(() => visionArchitectureOf(Config.of(config, 'it: config.json')), {
        name: 'ModelError',
        message,
      });
    };
    refusal({ model_type: 'bert' }, /"bert", which reads no images here; "beit", .* do\.$/);
    const reasons: readonly (readonly [type: string, reason: RegExp])[] = [
      ['swin', /"swin" attends within shifted windows/],
      ['swinv2', /attends within shifted windows/],
      ['donut-swin', /attends within shifted windows/],
      ['dinat', /attends to the neighbourhood of each place/],
      ['sam', /attends within windows in most of its layers/],
      ['hiera', /pooled from stage to stage/],
      ['deformable_detr', /a few sampled places around each query/],
      ['rt_detr', /a few sampled places around each query/],
      ['mask2former', /a few sampled places around each query/],
      ['segformer', /reduces its keys to regions/],
      ['pvt_v2', /reduces its keys to regions/],
      ['levit', /on grids that shrink/],
      ['mobilevit', /at the same place of their patches/],
      ['mobilevitv2', /no weights between patches/],
      ['convnext', /has no attention/],
      ['siglip2', /filled up, for images of any shape.*"siglip", are read/],
      ['vit_mae', /hides most patches at random/],
      ['videomae', /reads videos/],
      ['detr', /its ONNX export can be inspected/],
      ['dinov3_vit', /not known here; it is not read\. Families that are: BEiT, /],
    ];
    for (const [type, reason] of reasons) {
      refusal({ model_type: type }, reason);
      const config = Config.of({ model_type: type }, 'it: config.json');
      assert.throws(() => architectureOf(config), /reads images, not text\.$/);
    }
    refusal({}, /does not say "model_type"/);
  });

  it('take what is left out of settings as transformers does', () => {
    const described = (config: Record<string, Json>) =>
      visionArchitectureOf(Config.ofClass(config, 'it')).describe(Config.ofClass(config, 'it'));
    const siglip = described({ model_type: 'siglip', vision_config: { model_type: 'siglip_vision_model' } });
    assert.deepEqual(
      [siglip.layers, siglip.width, siglip.patch.width, siglip.trained.height],
      [12, 768, 16, 224],
    );
    const clip = described({
      model_type: 'clip',
      vision_config: { patch_size: 14, hidden_size: 1024, num_attention_heads: 16 },
    });
    assert.deepEqual([clip.layers, clip.heads, clip.patch.width], [12, 16, 14]);
    assert.deepEqual(described({ model_type: 'dinov2' }).patch, { width: 14, height: 14 });
    const oblong = described({ model_type: 'vit', image_size: [160, 224] });
    assert.deepEqual(oblong.trained, { width: 224, height: 160 });
  });

  it('each have a checkpoint to compare with', async () => {
    const types = await Promise.all(
      names.map(async (name) => {
        const checkpoint = await Checkpoint.open(platform, join(folder, name));
        await checkpoint.dispose();
        return visionArchitectureOf(checkpoint.config);
      }),
    );
    assert.deepEqual(new Set(types), new Set(visionArchitectures));
  });
});

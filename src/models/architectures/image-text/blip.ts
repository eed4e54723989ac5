import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import type { Value } from '../../../engine/graph.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { generationOf, type Generation } from '../../generation.js';
import type { Change, DecoderLayer } from '../parts/decoder.js';
import { activationOf, activations, limits } from '../parts/settings.js';
import { affine, columns, Weights } from '../parts/weights.js';
import type { PixelSize, VisionGraph } from '../vision/architecture.js';
import { describeVision } from '../vision/settings.js';
import { buildTower } from '../vision/tower.js';
import { token } from '../vision/vit.js';
import type { ImageTextArchitecture } from './architecture.js';
import { blipDecoder } from './bert-decoder.js';
import { sectionOf } from './sections.js';

/** BLIP as a captioner: Li et al. 2022. */
export const blip: ImageTextArchitecture = {
  modelTypes: ['blip'],

  describe(config) {
    const classes = config.list('architectures').filter((name) => typeof name === 'string');
    const other = classes.find((name) => name !== 'BlipForConditionalGeneration');
    if (other !== undefined && other !== 'BlipModel') {
      throw new ModelError(
        `${config.where} says that it is a ${other}; of BLIP only models that write captions are read (BlipForConditionalGeneration).`,
      );
    }
    const vision = describeVision(visionSection(config));
    const { sourceWidth: _source, ...decoder } = blipDecoder.describe(textSection(config));
    return { title: 'BLIP', vision, decoder, processor: 'blip', opening: 'instead' };
  },

  build(checkpoint, size, attention) {
    const graph = buildVision(checkpoint, size, attention);
    const memory = graph.hiddenStates.at(-1);
    if (memory === undefined) throw new ModelError(`${checkpoint.name} has no layer to read images with.`);
    return { ...graph, memory };
  },

  buildDecoder(checkpoint, tokens, memory, attention) {
    const part = checkpoint.part('text_decoder.', textSection(checkpoint.config));
    return blipDecoder.build(part, tokens, memory, attention);
  },

  generation: (_own, said) => generation(said),
};

/**
 * What BLIP's own `generate` hands on: the half that writes, which has no settings of generation but those of its class, a beginning and an
 * end of its own. generation_config.json is of the whole model, and not looked at.
 */
function generation(said: Config): Generation {
  const text = textSection(said);
  const settings = generationOf({}, text, text.count('vocab_size', limits.vocabulary));
  const [start, end] = ['bos_token_id', 'sep_token_id'].map((name) => text.numbers(name)[0]);
  return { ...settings, start, endings: new Set(end === undefined ? [] : [end]) };
}

function visionSection(config: Config): Config {
  return sectionOf(config, 'vision_config', 'blip_vision_model');
}

/** Its settings say what the width of images is, but the half that reads them decides. */
function textSection(config: Config): Config {
  const width = visionSection(config).count('hidden_size', limits.width);
  return sectionOf(config, 'text_config', 'blip_text_model').with({ encoder_hidden_size: width });
}

function buildVision(checkpoint: Checkpoint, size: PixelSize, attention: AttendParameters): VisionGraph {
  const config = visionSection(checkpoint.config);
  const description = describeVision(config);
  const { width, layers, patch, trained } = description;
  const weights = new Weights(checkpoint, 'vision_model.', 'embeddings.class_embedding');
  const epsilon = config.positive('layer_norm_eps', 1e-5);
  const places = 1 + Math.floor(trained.height / patch.height) * Math.floor(trained.width / patch.width);
  return buildTower(checkpoint, size, {
    weights,
    description,
    patch: { name: 'embeddings.patch_embedding', bias: true },
    specials: [{ token: { kind: 'class' }, row: token(weights, 'embeddings.class_embedding', width) }],
    positions: {
      table: weights.reshaped('embeddings.position_embedding', [1, places, width], [places, width]),
      kind: 'bicubic',
    },
    stack: () => Array.from({ length: layers }, (_, at) => visionLayer(config, weights, at, attention)),
    finalNorm: (value) => weights.norm('post_layernorm', width)(value, epsilon),
  });
}

/** A layer of a ViT whose queries, keys and values come of one weight. */
function visionLayer(
  config: Config,
  weights: Weights,
  at: number,
  attention: AttendParameters,
): DecoderLayer {
  const { width, heads } = describeVision(config);
  const epsilon = config.positive('layer_norm_eps', 1e-5);
  const inner = config.count('intermediate_size', limits.inner);
  const activation = activations[activationOf(config, 'hidden_act')];
  const name = `encoder.layers.${at}`;
  const norm = (of: string): Change => {
    const own = weights.norm(`${name}.${of}`, width);
    return (value) => own(value, epsilon);
  };
  const fused = weights.linear(`${name}.self_attn.qkv`, width, 3 * width);
  const up = weights.linear(`${name}.mlp.fc1`, width, inner);
  const down = weights.linear(`${name}.mlp.fc2`, inner, width);
  return {
    attentionNorm: norm('layer_norm1'),
    projections: {
      Q: columns(fused, { start: 0, end: width }),
      K: columns(fused, { start: width, end: 2 * width }),
      V: columns(fused, { start: 2 * width, end: 3 * width }),
      output: weights.linear(`${name}.self_attn.projection`, width, width),
      heads,
      groups: heads,
    },
    attention,
    feedForwardNorm: norm('layer_norm2'),
    feedForward: (value: Value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
  };
}

import type { Value } from '../../../engine/graph.js';
import { standardAttention, type AttendParameters } from '../../../engine/mechanisms/index.js';
import { add, gather, gelu, matmul, rearrange, windows } from '../../../engine/ops/index.js';
import { formatShape } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { DecoderGraph } from '../architecture.js';
import type { Change } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';
import { sequenceStack, type AttentionPart, type SequenceLayer } from '../sequence/sequence-stack.js';
import type { SpeechArchitecture, SpeechDescription, SpeechGraph } from './architecture.js';

/** Frames of the spectrogram that are one frame of the encoder: the stride of the second convolution. */
const framesInOne = 2;

/** Taps of both convolutions. */
const taps = 3;

const bandLimits = { from: 1, to: 1024 };

/** Of layer norms, where transformers leaves it to PyTorch. */
const epsilon = 1e-5;

/** Whisper: Radford et al. 2022. */
export const whisper: SpeechArchitecture = {
  modelTypes: ['whisper'],
  title: 'Whisper',
  describe,

  build(checkpoint, features, attention): SpeechGraph {
    const description = describe(checkpoint.config);
    const { width, frames, bands, layers, heads } = description;
    if (features.shape.length !== 2 || features.shape[0] !== frames || features.shape[1] !== bands) {
      throw new ModelError(
        `${checkpoint.name} reads ${frames} frames of ${bands} mel bands, not ${formatShape(features.shape)}; preprocessor_config.json and config.json do not belong together.`,
      );
    }
    const weights = weightsOf(checkpoint);
    const first = gelu(convolution(weights, 'encoder.conv1', features, width, 1), 'erf'); // (frame, model)
    const second = gelu(convolution(weights, 'encoder.conv2', first, width, framesInOne), 'erf'); // (frame, model)
    const table = weights.table('encoder.embed_positions', frames / framesInOne, width); // (frame, model)
    const half = { weights, side: 'encoder', width, heads, config: checkpoint.config } as const;
    return sequenceStackOf(half, add(second, table), (at) => layer(half, at, attention), layers);
  },

  decoder: {
    build(checkpoint, tokens, memory, attention): DecoderGraph {
      const { width, decoder } = describe(checkpoint.config);
      const { layers, heads, vocabulary, limit } = decoder;
      checkTokens(checkpoint, tokens, limit);
      const weights = weightsOf(checkpoint);
      const ids = whole('previous', 'p', tokens); // (n)
      const places = whole('position_ids', 'q', tokens); // (n)
      const table = weights.table('decoder.embed_tokens', vocabulary, width); // (vocabulary, model)
      const positions = weights.table('decoder.embed_positions', limit, width); // (position, model)
      const embeddings = add(gather(table, ids), gather(positions, places)); // (n, model)
      const half = { weights, side: 'decoder', width, heads, config: checkpoint.config } as const;
      const stack = sequenceStackOf(
        half,
        embeddings,
        (at) => ({
          ...layer(half, at, attention.decoder),
          cross: { ...attentionPart(half, at, 'encoder_attn', attention.cross), memory },
        }),
        layers,
      );
      const last = stack.hiddenStates.at(-1) ?? embeddings; // (n, model)
      return {
        ids,
        feeds: (own) =>
          new Map([
            [ids, list(own)],
            [places, list(own.map((_, at) => at))],
          ]),
        layers: stack.layers,
        cross: stack.cross,
        hiddenStates: stack.hiddenStates,
        logits: logitsOf(checkpoint, last, { table, tied: true, name: 'proj_out' }), // (n, vocabulary)
      };
    },
  },
};

function weightsOf(checkpoint: Checkpoint): Weights {
  return new Weights(checkpoint, 'model.', 'encoder.conv1.weight');
}

/** What encoder and decoder have in common. */
interface Half {
  readonly weights: Weights;
  readonly side: 'encoder' | 'decoder';
  readonly width: number;
  readonly heads: number;
  readonly config: Config;
}

function sequenceStackOf(
  half: Half,
  embeddings: Value,
  layerAt: (at: number) => SequenceLayer,
  layers: number,
): ReturnType<typeof sequenceStack> {
  const stack = Array.from({ length: layers }, (_, at) => layerAt(at));
  return sequenceStack(embeddings, 'before', stack, norm(half, `${half.side}.layer_norm`));
}

/**
 * A convolution over time as a product: windows of three rows, one row before the first, times the kernel.
 * @param value (frame, channel)
 * @returns (frame, model)
 */
function convolution(weights: Weights, name: string, value: Value, width: number, stride: number): Value {
  const [frames = 1, channels = 1] = value.shape;
  const stored = [width, channels, taps];
  // (model, channel, tap) → (tap, channel, model) → (tap · channel, model)
  const kernel = rearrange(rearrange(weights.reshaped(`${name}.weight`, stored, stored), stored, [2, 1, 0]), [
    taps * channels,
    width,
  ]);
  const count = Math.floor((frames + 2 - taps) / stride) + 1;
  const cut = windows(value, { size: taps, stride, count, before: 1, beyond: 'zeros' }); // (frame, tap · channel)
  return add(matmul(cut, kernel), weights.vector(`${name}.bias`, width));
}

/** Without attention to a source. */
function layer(half: Half, at: number, attention: AttendParameters): SequenceLayer {
  const { weights, side, width, config } = half;
  const name = `${side}.layers.${at}`;
  const inner = config.count(`${side}_ffn_dim`, limits.inner, 1536);
  const [up, down] = [
    weights.linear(`${name}.fc1`, width, inner),
    weights.linear(`${name}.fc2`, inner, width),
  ];
  const activation = activations[activationOf(config, 'activation_function', 'gelu')];
  return {
    self: attentionPart(half, at, 'self_attn', attention),
    feedForward: {
      norm: norm(half, `${name}.final_layer_norm`),
      change: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
    },
  };
}

function attentionPart(
  half: Half,
  at: number,
  part: 'self_attn' | 'encoder_attn',
  attention: AttendParameters,
): AttentionPart {
  const { weights, side, width, heads } = half;
  const name = `${side}.layers.${at}.${part}`;
  return {
    norm: norm(half, `${name}_layer_norm`),
    projections: {
      Q: weights.linear(`${name}.q_proj`, width, width),
      // A bias of keys would add the same to every score of a query.
      K: weights.matrix(`${name}.k_proj`, width, width),
      V: weights.linear(`${name}.v_proj`, width, width),
      output: weights.linear(`${name}.out_proj`, width, width),
      heads,
      groups: heads,
    },
    attention,
  };
}

function norm({ weights, width }: Half, name: string): Change {
  const normed = weights.norm(name, width);
  return (value) => normed(value, epsilon);
}

function describe(config: Config): SpeechDescription {
  const width = config.count('d_model', limits.width, 384);
  const [heads, ownHeads] = [
    config.count('encoder_attention_heads', limits.heads, 6),
    config.count('decoder_attention_heads', limits.heads, 6),
  ];
  for (const each of [heads, ownHeads]) checkHeads(config, width, each);
  return {
    layers: config.count('encoder_layers', limits.layers, 4),
    heads,
    width,
    frames: framesInOne * config.count('max_source_positions', { from: 1, to: 65_536 }, 1500),
    bands: config.count('num_mel_bins', bandLimits, 80),
    framesInOne,
    attention: standardAttention,
    positions: 'embedded',
    decoder: {
      layers: config.count('decoder_layers', limits.layers, 4),
      heads: ownHeads,
      vocabulary: config.count('vocab_size', limits.vocabulary, 51_865),
      limit: config.count('max_target_positions', limits.positions, 448),
      attention: { decoder: { ...standardAttention, mask: { kind: 'causal' } }, cross: standardAttention },
    },
  };
}

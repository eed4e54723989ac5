import { positions, type Value } from '../../../engine/graph.js';
import { standardAttention } from '../../../engine/mechanisms/index.js';
import {
  add,
  concat,
  full,
  inverseSquareRoot,
  layerNorm,
  matmul,
  multiply,
  rearrange,
  slice,
  sumTo,
  transpose,
  windows,
} from '../../../engine/ops/index.js';
import { wholeOf } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { activationOf, activations, checkHeads, limits, type Activation } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';
import { sequenceStack, type SequenceLayer } from '../sequence/sequence-stack.js';
import type { WaveformArchitecture, WaveformDescription, WaveformGraph } from './waveform.js';

/** Of norms between convolutions, where transformers leaves it to PyTorch. */
const convolutionEpsilon = 1e-5;

/** Frames at a time; self-attention over more than these holds more than 2³⁰ weights a layer. */
const mostFrames = 8192;

/** wav2vec 2.0: Baevski et al. 2020. */
export const wav2vec2: WaveformArchitecture = family('wav2vec2', 'wav2vec 2.0');

/** HuBERT: Hsu et al. 2021; the same network, trained otherwise. */
export const hubert: WaveformArchitecture = family('hubert', 'HuBERT');

/** A convolution over time. */
interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly taps: number;
  readonly stride: number;
}

/** How a configuration wants the network. */
interface Settings {
  readonly convolutions: readonly Convolution[];
  readonly hasBias: boolean;
  /** Whether every convolution is normalised over its channels, or the first alone, each channel over time. */
  readonly norms: 'layer' | 'group';
  readonly activation: Activation;
  readonly epsilon: number;
  readonly normalisesFeatures: boolean;
  readonly order: 'before' | 'after';
  readonly inner: number;
  readonly hidden: Activation;
  /** Of the convolution that tells positions. */
  readonly taps: number;
  readonly groups: number;
}

function family(modelType: string, title: string): WaveformArchitecture {
  return {
    modelTypes: [modelType],
    title,
    describe,

    build(checkpoint, samples, attention): WaveformGraph {
      const { config } = checkpoint;
      const { layers, heads, width, vocabulary, span, most } = describe(config);
      const settings = settingsOf(config);
      const { norms, activation, epsilon, order, inner, hidden } = settings;
      const count = samples.shape[0] ?? 0;
      if (count < span || count > most) {
        throw new ModelError(`${checkpoint.name} hears ${span} to ${most} samples at a time, not ${count}.`);
      }
      const weights = new Weights(checkpoint, `${modelType}.`, 'feature_projection.projection.weight');
      let heard = samples; // (frame, channel)
      for (const [at, form] of settings.convolutions.entries()) {
        const name = `feature_extractor.conv_layers.${at}`;
        heard = convolved(weights, `${name}.conv`, heard, form, settings.hasBias);
        if (norms === 'layer') heard = weights.norm(`${name}.layer_norm`, form.to)(heard, convolutionEpsilon);
        else if (at === 0) heard = overTime(weights, `${name}.layer_norm`, heard);
        heard = activations[activation](heard);
      }
      const [frames = 0, channels = 0] = heard.shape;
      const normed = settings.normalisesFeatures
        ? weights.norm('feature_projection.layer_norm', channels)(heard, epsilon)
        : heard;
      const projected = affine(normed, weights.linear('feature_projection.projection', channels, width)); // (frame, model)
      const places = positionsOf(weights, projected, settings); // (frame, model)
      const placed = add(projected, activations[activation](places));
      const norm = weights.norm('encoder.layer_norm', width);
      const layerAt = (layer: number): SequenceLayer => {
        const name = `encoder.layers.${layer}`;
        const up = weights.linear(`${name}.feed_forward.intermediate_dense`, width, inner);
        const down = weights.linear(`${name}.feed_forward.output_dense`, inner, width);
        const [own, last] = [`${name}.layer_norm`, `${name}.final_layer_norm`].map((each) =>
          weights.norm(each, width),
        );
        return {
          self: {
            norm: (value) => own?.(value, epsilon) ?? value,
            projections: {
              Q: weights.linear(`${name}.attention.q_proj`, width, width),
              K: weights.linear(`${name}.attention.k_proj`, width, width),
              V: weights.linear(`${name}.attention.v_proj`, width, width),
              output: weights.linear(`${name}.attention.out_proj`, width, width),
              heads,
              groups: heads,
            },
            attention,
          },
          feedForward: {
            norm: (value) => last?.(value, epsilon) ?? value,
            change: (value) => affine(activations[hidden](affine(value, up)), down), // (frame, inner) → (frame, model)
          },
        };
      };
      const stack = sequenceStack(
        order === 'before' ? placed : norm(placed, epsilon),
        order,
        Array.from({ length: layers }, (_, layer) => layerAt(layer)),
        order === 'before' ? (value) => norm(value, epsilon) : undefined,
      );
      const last = stack.hiddenStates.at(-1) ?? placed; // (frame, model)
      return {
        layers: stack.layers,
        hiddenStates: stack.hiddenStates,
        logits:
          checkpoint.has('lm_head.weight') && frames > 0 ? head(checkpoint, last, vocabulary) : undefined,
      };
    },
  };
}

/** // (frame, model) → (frame, vocabulary) */
function head(checkpoint: Checkpoint, states: Value, vocabulary: number): Value {
  const whole = new Weights(checkpoint, '', 'lm_head.weight');
  return affine(states, whole.linear('lm_head', states.shape[1] ?? 0, vocabulary));
}

/** (frame, from) → (frame, to), as a product with windows of rows. */
function convolved(
  weights: Weights,
  name: string,
  value: Value,
  { from, to, taps, stride }: Convolution,
  hasBias: boolean,
): Value {
  const stored = [to, from, taps];
  // (to, from, tap) → (tap, from, to) → (tap · from, to)
  const kernel = rearrange(rearrange(weights.reshaped(`${name}.weight`, stored, stored), stored, [2, 1, 0]), [
    taps * from,
    to,
  ]);
  const count = Math.floor(((value.shape[0] ?? 0) - taps) / stride) + 1;
  const cut = windows(value, { size: taps, stride, count, before: 0, beyond: 'zeros' }); // (frame, tap · from)
  const product = matmul(cut, kernel);
  return hasBias ? add(product, weights.vector(`${name}.bias`, to)) : product;
}

/** A group norm with a group for each channel: over time. // (frame, channel) */
function overTime(weights: Weights, name: string, value: Value): Value {
  const [frames = 0, channels = 0] = value.shape;
  const [ones, zeros] = [full(positions(frames), 1), full(positions(frames), 0)]; // (frame)
  const normed = transpose(layerNorm(transpose(value), ones, zeros, convolutionEpsilon)); // (frame, channel)
  return add(
    multiply(normed, weights.vector(`${name}.weight`, channels)),
    weights.vector(`${name}.bias`, channels),
  );
}

/**
 * A wide convolution within groups of channels, whose kernel is kept as direction and length (Salimans & Kingma 2016).
 * @param value (frame, model)
 * @returns (frame, model)
 */
function positionsOf(weights: Weights, value: Value, { taps, groups }: Settings): Value {
  const [frames = 0, width = 0] = value.shape;
  const own = width / groups;
  const name = 'encoder.pos_conv_embed.conv';
  const parametrized = `${name}.parametrizations.weight`;
  const [length, direction] = weights.has(`${parametrized}.original1`)
    ? [`${parametrized}.original0`, `${parametrized}.original1`]
    : [`${name}.weight_g`, `${name}.weight_v`];
  const stored = [width, own, taps];
  const directions = rearrange(weights.reshaped(direction, stored, stored), stored, [2, 1, 0]); // (tap, own, model)
  const lengths = weights.reshaped(length, [1, 1, taps], [taps, 1, 1]); // (tap, 1, 1)
  const squares = sumTo(multiply(directions, directions), [taps, 1, 1]); // (tap, 1, 1)
  const kernel = multiply(directions, multiply(lengths, inverseSquareRoot(squares, 0))); // (tap, own, model)
  const parts = Array.from({ length: groups }, (_, group) => {
    const columns = { start: group * own, end: (group + 1) * own };
    const [rows = { start: 0, end: frames }] = wholeOf(value.shape);
    const cut = windows(slice(value, [rows, columns]), {
      size: taps,
      stride: 1,
      count: frames,
      before: Math.floor(taps / 2),
      beyond: 'zeros',
    }); // (frame, tap · own)
    const [tapRange = { start: 0, end: taps }, ownRange = { start: 0, end: own }] = wholeOf(kernel.shape);
    return matmul(cut, rearrange(slice(kernel, [tapRange, ownRange, columns]), [taps * own, own])); // (frame, own)
  });
  return add(
    parts.length === 1 ? (parts[0] ?? value) : concat(parts, 'columns'),
    weights.vector(`${name}.bias`, width),
  );
}

function settingsOf(config: Config): Settings {
  const list = (name: string, standard: readonly number[], most: number): readonly number[] => {
    const own = config.says(name) ? config.numbers(name) : standard;
    if (own.length > 0 && own.every((each) => Number.isInteger(each) && each >= 1 && each <= most))
      return own;
    throw new ModelError(
      `${config.where}: ${JSON.stringify(name)} is no list of whole numbers from 1 to ${most}.`,
    );
  };
  const widths = list(
    'conv_dim',
    Array.from({ length: 7 }, () => 512),
    65_536,
  );
  const strides = list('conv_stride', [5, 2, 2, 2, 2, 2, 2], 4096);
  const taps = list('conv_kernel', [10, 3, 3, 3, 3, 2, 2], 4096);
  if (strides.length !== widths.length || taps.length !== widths.length) {
    throw new ModelError(
      `${config.where}: "conv_dim", "conv_stride" and "conv_kernel" say ${widths.length}, ${strides.length} and ${taps.length} convolutions.`,
    );
  }
  for (const [name, what] of unbuilt) {
    const value = config.raw(name);
    if (value !== undefined && value !== false) {
      throw new ModelError(`${config.where} says ${JSON.stringify(name)}: ${what}, which is not built here.`);
    }
  }
  const width = config.count('hidden_size', limits.width, 768);
  const groups = config.count('num_conv_pos_embedding_groups', limits.heads, 16);
  if (width % groups !== 0) {
    throw new ModelError(
      `${config.where} splits ${width} channels into ${groups} groups, which leaves a rest.`,
    );
  }
  return {
    convolutions: widths.map((to, at) => ({
      from: widths[at - 1] ?? 1,
      to,
      taps: taps[at] ?? 1,
      stride: strides[at] ?? 1,
    })),
    hasBias: config.flag('conv_bias'),
    norms: config.choice('feat_extract_norm', ['group', 'layer'], 'group'),
    activation: activationOf(config, 'feat_extract_activation', 'gelu'),
    epsilon: config.positive('layer_norm_eps', 1e-5),
    normalisesFeatures: config.flag('feat_proj_layer_norm', true),
    order: config.flag('do_stable_layer_norm') ? 'before' : 'after',
    inner: config.count('intermediate_size', limits.inner, 3072),
    hidden: activationOf(config, 'hidden_act', 'gelu'),
    taps: config.count('num_conv_pos_embeddings', { from: 1, to: 4096 }, 128),
    groups,
  };
}

/** What some checkpoints have besides. */
const unbuilt: readonly (readonly [name: string, what: string])[] = [
  ['add_adapter', 'convolutions behind the encoder'],
  ['adapter_attn_dim', 'an adapter in each layer, for a language'],
  ['conv_pos_batch_norm', 'a batch norm before the positions'],
];

function describe(config: Config): WaveformDescription {
  const width = config.count('hidden_size', limits.width, 768);
  const heads = config.count('num_attention_heads', limits.heads, 12);
  checkHeads(config, width, heads);
  const { convolutions } = settingsOf(config);
  let [hop, span] = [1, 1];
  for (const { taps, stride } of convolutions) {
    span += (taps - 1) * hop;
    hop *= stride;
  }
  return {
    layers: config.count('num_hidden_layers', limits.layers, 12),
    heads,
    width,
    attention: standardAttention,
    positions: 'embedded',
    vocabulary: config.count('vocab_size', limits.vocabulary, 32),
    hop,
    span,
    most: mostFrames * hop,
  };
}

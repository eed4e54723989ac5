import { addAll } from '../../../common/values.js';
import { standardAttention } from '../../../engine/mechanisms/index.js';
import { add, gather } from '../../../engine/ops/index.js';
import { listOf, type Config } from '../../config.js';
import { ModelError } from '../../error.js';
import type { Architecture, ArchitectureDescription } from '../architecture.js';
import { decoder, windows, type Change, type DecoderLayer } from '../parts/decoder.js';
import { list, whole } from '../parts/inputs.js';
import { logitsOf } from '../parts/language-head.js';
import { activationOf, activations, checkHeads, checkTokens, limits } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';

/** GPT-Neo: Black et al. 2021. A GPT-2 without scaling, every other layer of which looks back only so far. */
export const gptNeo: Architecture = {
  modelTypes: ['gpt_neo'],
  title: 'GPT-Neo',
  describe,

  build(checkpoint, tokens, attention) {
    const { config } = checkpoint;
    const { layers, heads, width, limit, vocabulary } = describe(config);
    checkTokens(checkpoint, tokens, limit);
    const weights = new Weights(checkpoint, 'transformer.', 'wte.weight');
    const epsilon = config.positive('layer_norm_epsilon', 1e-5);
    const inner = config.count('intermediate_size', limits.inner, 4 * width);
    const activation = activations[activationOf(config, 'activation_function', 'gelu_new')];
    const norm = (name: string): Change => {
      const apply = weights.norm(name, width);
      return (value) => apply(value, epsilon);
    };

    const window = config.count('window_size', limits.positions, 256) - 1;
    const seen = windows(layers, (at) => (isLocal(config, at) ? window : undefined));

    const layer = (at: number): DecoderLayer => {
      const name = `h.${at}`;
      const own = `${name}.attn.attention`;
      const up = weights.linear(`${name}.mlp.c_fc`, width, inner);
      const down = weights.linear(`${name}.mlp.c_proj`, inner, width);
      return {
        attentionNorm: norm(`${name}.ln_1`),
        projections: {
          Q: weights.matrix(`${own}.q_proj`, width, width),
          K: weights.matrix(`${own}.k_proj`, width, width),
          V: weights.matrix(`${own}.v_proj`, width, width),
          output: weights.linear(`${own}.out_proj`, width, width),
          heads,
          groups: heads,
        },
        attention: { ...attention, ...seen[at] },
        feedForwardNorm: norm(`${name}.ln_2`),
        feedForward: (value) => affine(activation(affine(value, up)), down), // (n, inner) → (n, model)
      };
    };

    const ids = whole('ids', 't', tokens); // (n)
    const positions = whole('position_ids', 'p', tokens); // (n)
    const table = weights.table('wte', vocabulary, width); // (vocabulary, model)
    const words = gather(table, ids); // (n, model)
    const stack = decoder(
      add(words, gather(weights.table('wpe', limit, width), positions)), // (n, model)
      Array.from({ length: layers }, (_, at) => layer(at)),
      norm('ln_f'),
    );
    return {
      ids,
      words,
      feeds: (numbers) =>
        new Map([
          [ids, list(numbers)],
          [positions, list(numbers.map((_, at) => at))],
        ]),
      ...stack,
      logits: logitsOf(checkpoint, stack.hiddenStates.at(-1), { table, tied: true }),
    };
  },
};

/** Unless each layer's kind is listed, or kinds with how often they come, they take turns, from a global one on. */
function isLocal(config: Config, layer: number): boolean {
  const layers = config.count('num_layers', limits.layers);
  const kinds = config.words('attention_layers', ['global', 'local'], layers) ?? repeated(config, layers);
  return kinds === undefined ? layer % 2 === 1 : kinds[layer] === 'local';
}

/** "attention_types": [[["global", "local"], 12]] @throws ModelError where it does not come to a kind for each layer */
function repeated(config: Config, layers: number): string[] | undefined {
  if (!config.says('attention_types')) return undefined;
  const kinds: string[] = [];
  for (const entry of config.list('attention_types')) {
    const [pattern, times] = listOf(entry);
    const count = typeof times === 'number' && Number.isInteger(times) ? Math.min(times, layers + 1) : 0;
    for (let time = 0; time < count && kinds.length <= layers; time++) {
      addAll(
        kinds,
        listOf(pattern).filter((kind) => kind === 'global' || kind === 'local'),
      );
    }
  }
  if (kinds.length === layers) return kinds;
  throw new ModelError(
    `${config.where} lists ${kinds.length} kinds of layers under "attention_types", but there are ${layers} layers.`,
  );
}

function describe(config: Config): ArchitectureDescription {
  const layers = config.count('num_layers', limits.layers);
  const heads = config.count('num_heads', limits.heads);
  const width = config.count('hidden_size', limits.width);
  checkHeads(config, width, heads);
  return {
    layers,
    heads,
    width,
    limit: config.count('max_position_embeddings', limits.positions),
    vocabulary: config.count('vocab_size', limits.vocabulary),
    attention: { ...standardAttention, scaling: 'none', mask: { kind: 'causal' } },
    positions: 'embedded',
  };
}

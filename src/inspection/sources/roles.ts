import { mechanisms } from '../../engine/mechanisms/index.js';
import { formatShape, type Shape, type TensorSource } from '../../engine/tensor.js';
import type { RoleQuestion } from '../../protocol.js';
import type { Candidate } from '../axes/candidate.js';
import { rearranged } from '../axes/rearranged.js';
import { speaksOfMask } from './mask-names.js';
import { withMasks } from './unnamed-masks.js';

export type { Candidate } from '../axes/candidate.js';

/** Which tensor is which input, or what has to be asked. */
export type Roles =
  | {
      readonly kind: 'known';
      readonly tensors: Readonly<Record<string, TensorSource>>;
      /** Where each of these came from. */
      readonly from: Readonly<Record<string, Candidate>>;
      readonly notices: readonly string[];
    }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

/** The names under which each input goes, after prefixes are taken off: PyTorch's, transformers', JAX's and papers'. */
const names: readonly (readonly [role: string, pattern: RegExp])[] = [
  ['W_Q', /^(w_?q|wq|q_?proj|query_?proj|query|to_q|q_lin|w_query|query_kernel)(_?weights?|_?kernel)?$/],
  ['W_K', /^(w_?k|wk|k_?proj|key_?proj|key|to_k|k_lin|w_key|key_kernel)(_?weights?|_?kernel)?$/],
  ['W_V', /^(w_?v|wv|v_?proj|value_?proj|value|to_v|v_lin|w_value|value_kernel)(_?weights?|_?kernel)?$/],
  ['W_O', /^(w_?o|wo|o_?proj|out_?proj|to_out|out_lin|w_output)(_?weights?|_?kernel)?$/],
  ['b_Q', /^(b_?q|bq|(q_?proj|query|to_q|q_lin)_?bias)$/],
  ['b_K', /^(b_?k|bk|(k_?proj|key|to_k|k_lin)_?bias)$/],
  ['b_V', /^(b_?v|bv|(v_?proj|value|to_v|v_lin)_?bias)$/],
  ['b_O', /^(b_?o|bo|(o_?proj|out_?proj|to_out|out_lin)_?bias)$/],
  ['Q', /^(q|query|queries|query_?states?|query_?layer|qs|hook_(rot_)?q)$/],
  ['K', /^(k|key|keys|key_?states?|key_?layer|ks|hook_(rot_)?k)$/],
  ['V', /^(v|value|values|value_?states?|value_?layer|vs|hook_v)$/],
  ['Xkv', /^(x_?kv|x_?k|context|encoder_?hidden_?states?|memory|source)$/],
  ['Xq', /^(x_?q|decoder_?hidden_?states?|target)$/],
  ['X', /^(x|inputs?|hidden(_?states?)?|embeddings?|embeds)$/],
  ['W_a', /^(w_?a|wa|w_?att(n|ention)?)$/],
  ['U_a', /^(u_?a|ua)$/],
  ['v_a', /^(v_?a|va)$/],
  ['W_c', /^(w_?c|wc)$/],
  ['W_p', /^(w_?p|wp)$/],
  ['v_p', /^(v_?p|vp)$/],
  ['H', /^(h|annotations?|encoder_?(states?|outputs?)|enc_?(states?|outputs?))$/],
  ['S', /^(decoder_?(states?|outputs?)|dec_?(states?|outputs?))$/],
  ['reward', /^(r|rewards?)$/],
  ['relative_bias', /^relative_?(attention_?|position_?)?bias$/],
  ['bias', /^(bias|(position|attention|attn)_?bias|alibi)$/],
  ['sinks', /^(sinks?|sink_?logits?)$/],
  [
    'padding',
    /^(padding|((src|tgt|memory|encoder|decoder|self_attn)_)?(padding_?mask|key_?padding(_?mask)?))$/,
  ],
  [
    'mask',
    /^(m|mask|keep(_mask)?|attn_?mask|(src|tgt|memory)_?mask|((encoder|decoder|cross)_)?attention_?mask|causal_?mask|bias_mask)$/,
  ],
  ['lengths', /^(nonpad_kv_seqlen|((valid|key|kv|seq|sequence)_)?(lengths?|seq_?lens?)|seq_?lens?_k)$/],
  ['past_K', /^past_(k|keys?)$/],
  ['past_V', /^past_(v|values?)$/],
  [
    'scores',
    /^(s|e|scores?|logits|energ(y|ies)|attn_?scores?|attention_?scores?|attn_?logits|hook_attn_scores)$/,
  ],
  [
    'weights',
    /^(a|alphas?|attn|attns|attentions?|(attn|attention|self_?attention|cross_?attention)_?(weights?|probs|probabilities|matrix|maps?|pattern)|weights?|probs|probabilities|pattern|alignments?|(self|cross|encoder|decoder)_?attentions?|hook_pattern)$/,
  ],
];

/** The roles that a list of numbers can have. */
const vectors: ReadonlySet<string> = new Set(['padding', 'mask', 'lengths', 'sinks', 'v_a', 'v_p']);

/** Whether a name says that a weight lies as (out, in), PyTorch's layout, and not as (in, out). */
const outerFirst = /(^|[._/])weights?$/i;

/**
 * Gives each tensor the role that its name and shape tell; asks where two would have the same role, or none is told.
 * @param chosen what a person has answered: tensor key → role
 */
export async function findRoles(
  candidates: readonly Candidate[],
  chosen?: Readonly<Record<string, string>>,
): Promise<Roles> {
  const known = new Map<string, string>();
  // No answers at all are those to another question, asked before roles could be told.
  if (chosen !== undefined && Object.keys(chosen).length > 0) {
    for (const { key } of candidates) {
      const role = Object.hasOwn(chosen, key) ? chosen[key] : undefined;
      if (role !== undefined) known.set(key, role);
    }
  } else {
    const guessed = await Promise.all(candidates.map((each) => guess(each, candidates)));
    const roles = await withMasks(candidates, besideAttentions(statesAmong(guessed, candidates), candidates));
    candidates.forEach(({ key }, at) => {
      const role = roles[at];
      if (role !== undefined) known.set(key, role);
    });
  }
  const used = prune(known, candidates);
  const reason = whatIsUnclear(candidates, used);
  if (reason !== undefined) return { kind: 'question', question: question(candidates, used, reason) };
  const notices: string[] = [];
  const unused: string[] = [];
  const tensors: Record<string, TensorSource> = {};
  const from: Record<string, Candidate> = {};
  for (const candidate of candidates) {
    const role = used.get(candidate.key);
    if (role !== undefined) from[role] = candidate;
    if (role === undefined) {
      unused.push(`${candidate.name} ${formatShape(candidate.source.shape)}`);
    } else if (candidate.role !== undefined) {
      tensors[role] = candidate.source;
    } else if (role.startsWith('W_') && outerFirst.test(candidate.name)) {
      tensors[role] = swapped(candidate.source);
      notices.push(
        `${candidate.name} was read as (out, in), PyTorch’s layout, and transposed to W^${role.slice(2)}.`,
      );
    } else {
      tensors[role] = candidate.source;
      const said = readAs[role];
      if (said !== undefined) notices.push(`${candidate.name} was read as ${said}.`);
    }
  }
  return { kind: 'known', tensors, from, notices: [...notices, ...unusedNotices(unused)] };
}

/** What only shapes scores, and how; what a mask means is said with its meaning. */
const readAs: Readonly<Record<string, string>> = {
  lengths: 'valid lengths: the keys beyond each are masked',
  bias: 'a bias that is added to the scores',
  sinks: 'sink logits, one a head',
};

/** So many tensors that were not used are named, each in a line of its own. */
const namedUnused = 5;

function unusedNotices(unused: readonly string[]): string[] {
  if (unused.length <= namedUnused) return unused.map((each) => `${each} was not used.`);
  const first = unused.slice(0, namedUnused).join(', ');
  return [`${unused.length} tensors were not used: ${first} and ${unused.length - namedUnused} more.`];
}

/**
 * Beside a model's attentions its logits are those of words, not of keys; and where there are several attentions, nothing says to
 * which of them the values in its cache belong.
 */
function besideAttentions(
  roles: readonly (string | undefined)[],
  candidates: readonly Candidate[],
): (string | undefined)[] {
  const beside = candidates.some(({ name }) =>
    /attentions?|hidden_states?|past_key_values|\bloss$/.test(name),
  );
  const several = roles.filter((role) => role === 'weights').length > 1;
  return roles.map((role, at) => {
    const { name = '' } = candidates[at] ?? {};
    if (role === 'scores' && beside && /(^|\.)logits$/.test(name)) return undefined;
    return several && /(^|\.)(\w+_)?(cache|past_key_values)\./.test(name) ? undefined : role;
  });
}

/** Whether a tensor is one that is saved once a layer or head: queries, keys, values, scores or weights, not a model's parameters. */
export async function isActivation(candidate: Candidate): Promise<boolean> {
  const role = await guess(candidate, []);
  return role !== undefined && ['Q', 'K', 'V', 'scores', 'weights'].includes(role);
}

/**
 * Beside the weights or the encoder states of a decoder’s attention, a tensor called s is the decoder’s states and not
 * scores, and hidden states of encoder and decoder are what is compared, not what is projected.
 */
function statesAmong(
  roles: readonly (string | undefined)[],
  candidates: readonly Candidate[],
): (string | undefined)[] {
  const speak = new Set(['W_a', 'U_a', 'v_a', 'W_c', 'W_p', 'v_p', 'H', 'S']);
  if (!roles.some((role) => role !== undefined && speak.has(role)) || roles.includes('W_Q'))
    return [...roles];
  return roles.map((role, at) => {
    if (role === 'Xq') return 'S';
    if (role === 'Xkv') return 'H';
    return role === 'scores' && /^s$/i.test(candidates[at]?.name ?? '') ? 'S' : role;
  });
}

/**
 * The role that a tensor's name tells, if its shape allows it; for a lone matrix of shares, what its numbers tell.
 * @param all the tensors that it lies among, itself too
 */
async function guess(candidate: Candidate, all: readonly Candidate[]): Promise<string | undefined> {
  if (candidate.role !== undefined) return candidate.role;
  const { source } = candidate;
  // Only what stands alone is a row of weights: beside others it may be anything that sums to 1.
  const isRow = source.shape.length === 1;
  const matrix = isRow ? rearranged(source, ['new', 0]) : source;
  const named = roleByName(candidate.plain ?? candidate.name, source.shape);
  if (named === 'weights' && isParameter(candidate, all))
    return (await looksLikeWeights(matrix)) ? named : undefined;
  if (named === 'scores' && isLogitsOfWords(candidate)) return undefined;
  if (named !== undefined) return named;
  // A mask of a row with one key that takes part sums to 1 as well.
  if ((isRow && all.length !== 1) || speaksOfMask(candidate.name)) return undefined;
  return (await looksLikeWeights(matrix)) ? 'weights' : undefined;
}

/** Whether a name is that of a module's parameter: “weight” alone or behind the module's name, or weights beside their bias. */
function isParameter({ name, source }: Candidate, all: readonly Candidate[]): boolean {
  const [, stem, tail] = /^(.*?)([^./:]*)$/.exec(name) ?? [];
  if (tail?.toLowerCase() === 'weight') return true;
  if (tail === undefined || !/weights$/i.test(tail)) return false;
  const { shape } = source;
  return all.some(
    (each) =>
      new RegExp(`^(bias|b|biases|${tail.replace(/weights$/i, '')}bias)$`, 'i').test(
        each.name.slice(stem?.length ?? 0),
      ) &&
      each.name.startsWith(stem ?? '') &&
      each.source.shape.length === 1 &&
      (each.source.shape[0] === shape[0] || each.source.shape[0] === shape.at(-1)),
  );
}

/** Whether logits, called nothing else, are (…, token, vocabulary) or (entry, class), as models give them, and no scores of keys. */
function isLogitsOfWords({ name, source: { shape } }: Candidate): boolean {
  return /(^|[./:])logits$/i.test(name) && shape.length < 4 && shape.at(-1) !== shape.at(-2);
}

function roleByName(name: string, shape: Shape): string | undefined {
  const parts = name.toLowerCase().split(/[./:\s-]+/);
  // "self.query.weight" is told by "query_weight", "decoder.layer.0.attn" by "attn".
  const tails = [parts.slice(-2).join('_'), parts.at(-1) ?? ''];
  const fits = (role: string): boolean => {
    // A bias of each head, beside weights of each head.
    if (shape.length === 2 && /^b_?[qkv]$/.test(tails[1] ?? '')) return /^b_[QKV]$/.test(role);
    if (role.startsWith('b_') || (shape.length === 1 && ['scores', 'weights'].includes(role)))
      return shape.length === 1;
    return vectors.has(role) ? shape.length >= 1 : shape.length >= 2;
  };
  // A plain “query” beside no “weight” is a tensor of queries, not a projection.
  const order = /weight|kernel|proj|bias|^w|^b|_lin|to_/.test(tails[0] ?? '') ? names : names.toReversed();
  for (const tail of tails) {
    const plain = ['q', 'k', 'v', 'query', 'key', 'value'].includes(tail);
    const found = order.find(
      ([role, pattern]) => pattern.test(tail) && fits(role) && !(plain && role.startsWith('W_')),
    );
    if (found !== undefined) return found[0];
  }
  return undefined;
}

/** Whether the first rows of a tensor are shares: not negative, and summing to 1. Reads eight rows at most. */
async function looksLikeWeights(source: TensorSource): Promise<boolean> {
  const { shape } = source;
  const [rows = 0, columns = 0] = shape.slice(-2);
  if (shape.length < 2 || columns < 2 || rows < 1 || shape.includes(0)) return false;
  const few = Math.min(rows, 8);
  const region = shape.map((extent, axis) => {
    const fromEnd = shape.length - axis;
    return { start: 0, end: fromEnd === 1 ? extent : fromEnd === 2 ? few : 1 };
  });
  const { data } = await source.read(region);
  for (let start = 0; start < data.length; start += columns) {
    const row = data.subarray(start, start + columns);
    const sum = row.reduce((total, value) => total + value, 0);
    if (row.some((value) => value < 0) || Math.abs(sum - 1) > 1e-2) return false;
  }
  return true;
}

/** What only shapes scores, whatever these come from. */
const aside: ReadonlySet<string> = new Set([
  'mask',
  'keep',
  'padding',
  'lengths',
  'bias',
  'relative_bias',
  'sinks',
]);

/** Ready weights need no Q and K beside them; a mechanism's inputs win over what only some of them would give. */
function prune(known: ReadonlyMap<string, string>, candidates: readonly Candidate[]): Map<string, string> {
  const roles = new Set(known.values());
  const named = (name: RegExp, role: string): boolean =>
    candidates.some((each) => name.test(each.name) && known.get(each.key) === role);
  // A cache of a run holds the weights that were: without its mask they would come out differently.
  const cached = named(/hook_pattern$/, 'weights');
  const turned = named(/hook_rot_q$/, 'Q');
  const projected =
    ['W_Q', 'W_K', 'W_V'].every((role) => roles.has(role)) &&
    (roles.has('X') || (roles.has('Xq') && roles.has('Xkv')));
  const vectors = roles.has('Q') && roles.has('K');
  const states = roles.has('S') && roles.has('H');
  const onlyWeights = roles.has('weights') && !projected && !vectors && !states && !roles.has('scores');
  const keep = (role: string): boolean => {
    // What an implementation gave is compared, and nothing is computed from it.
    if (role === 'output') return false;
    if (cached) return role === 'weights' || role === 'V';
    // Weights that were given are masked already.
    if (aside.has(role) && onlyWeights) return false;
    if (aside.has(role)) return !states || /^(mask|keep|padding|lengths)$/.test(role);
    if (projected) return /^(X|Xq|Xkv|W_[QKVO]|b_.)$/.test(role);
    if (states) return /^([SH]|[WUv]_[acp])$/.test(role);
    if (vectors) return /^([QKV]|past_[KV]|reward)$/.test(role);
    if (roles.has('scores')) return role === 'scores' || role === 'V' || role === 'reward';
    if (roles.has('weights')) return role === 'weights' || role === 'V';
    return true;
  };
  const plain = new Set(
    candidates.filter(({ name }) => turned && /hook_[qk]$/.test(name)).map(({ key }) => key),
  );
  return new Map([...known].filter(([key, role]) => keep(role) && !plain.has(key)));
}

function whatIsUnclear(
  candidates: readonly Candidate[],
  used: ReadonlyMap<string, string>,
): string | undefined {
  const roles = [...used.values()];
  const twice = roles.find((role, at) => roles.indexOf(role) !== at);
  if (twice !== undefined) {
    const which = candidates.filter(({ key }) => used.get(key) === twice).map(({ name }) => name);
    return `${which.join(' and ')} could each be ${twice}.`;
  }
  const has = (...wanted: string[]): boolean =>
    wanted.every((role) => used.has(role) || roles.includes(role));
  if (has('weights') || has('scores') || has('Q', 'K') || has('S', 'H')) return undefined;
  if (has('W_Q', 'W_K', 'W_V') && (has('X') || has('Xq', 'Xkv'))) return undefined;
  return candidates.length === 1
    ? `Choose the role of ${candidates[0]?.name ?? 'the tensor'}: its name and shape leave it open.`
    : 'Choose which tensors are queries, keys, values, scores or weights: their names and shapes leave it open.';
}

function question(
  candidates: readonly Candidate[],
  known: ReadonlyMap<string, string>,
  reason: string,
): RoleQuestion {
  const inputs = new Map(
    mechanisms.flatMap((mechanism) => mechanism.inputs.map((each) => [each.name, each] as const)),
  );
  const offered = [...inputs.values()].filter(({ name, axes }) => {
    // What stands alone can only be what nothing else is needed for.
    if (candidates.length === 1 && name !== 'scores' && name !== 'weights') return false;
    // A list of numbers is one row of scores or weights.
    const fewest = name === 'scores' || name === 'weights' ? 1 : Math.min(...axes.map((each) => each.length));
    return candidates.some(({ source }) => source.shape.length >= fewest);
  });
  return {
    tensors: candidates.map(({ key, name, file, source }) => ({ key, name, file, shape: source.shape })),
    roles: [
      ...offered.map(({ name, title }) => ({ role: name, title })),
      ...(candidates.length > 2
        ? [{ role: 'output', title: 'What an implementation gave, to be compared' }]
        : []),
    ],
    known: Object.fromEntries(known),
    reason,
  };
}

/** The same numbers with the last two axes swapped. */
function swapped(source: TensorSource): TensorSource {
  const swap = <T>(items: readonly T[]): T[] => {
    const [a, b] = items.slice(-2);
    return a === undefined || b === undefined ? [...items] : [...items.slice(0, -2), b, a];
  };
  return {
    shape: swap(source.shape),
    async read(region) {
      const { shape, data } = await source.read(swap(region));
      const [rows = 1, columns = 1] = shape.slice(-2);
      const area = rows * columns;
      const out = new Float32Array(data.length);
      for (let at = 0; at < data.length; at++) {
        const within = at % area;
        const row = Math.floor(within / columns);
        out[at - within + (within - row * columns) * rows + row] = data[at] ?? 0;
      }
      return { shape: swap(shape), data: out };
    },
  };
}

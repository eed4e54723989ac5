import { sorted, type Value } from '../engine/graph.js';
import { sizeOf, type TensorSource } from '../engine/tensor.js';
import type { NamedTensor } from '../formats/format.js';

/** What a parameter is for. Queries to outputs are the projections of attention; `bias` is what is added to its scores. */
export const parts = [
  'embeddings',
  'queries',
  'keys',
  'values',
  'outputs',
  'bias',
  'feedForward',
  'normalisation',
  'head',
] as const;
export type Part = (typeof parts)[number];

/** Where a checkpoint's numbers go. `counts` and `unused` together are all that its files hold. */
export interface Anatomy {
  /** Numbers a part, each counted once, however often it is used. */
  readonly counts: Readonly<Record<Part, number>>;
  /** Tensors of the files that the graph does not read. */
  readonly unused: readonly { readonly name: string; readonly count: number }[];
  /** Types in the files, as their formats spell them, with how many numbers each has; the most first. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
  /** Whether words are said with the vectors that they are read with; null where none are said. */
  readonly tied: boolean | null;
}

/** One stack of a model, as its graph says. */
export interface Half {
  readonly layers: readonly (readonly Value[])[];
  /** Of a decoder: attention to the source. */
  readonly cross?: readonly (readonly Value[])[];
  /** The embeddings, then each layer's output. */
  readonly hiddenStates: readonly Value[];
  readonly logits?: Value | undefined;
  /** Of a decoder: the source, which is none of its own. */
  readonly memory?: Value;
}

const projections: Readonly<Record<string, Part>> = { Q: 'queries', K: 'keys', V: 'values', O: 'outputs' };
const norms: ReadonlySet<string> = new Set(['layer-norm', 'rms-norm']);

/**
 * Sorts a checkpoint's numbers by what the graph does with them. Weights are not read.
 * @param tensors all that the files hold
 * @param halves the encoder or the only stack first
 */
export function anatomyOf(tensors: Iterable<NamedTensor>, halves: readonly Half[]): Anatomy {
  const claims = new Claims();
  for (const half of halves) claimHalf(half, claims);
  const counts: Record<Part, number> = {
    embeddings: 0,
    queries: 0,
    keys: 0,
    values: 0,
    outputs: 0,
    bias: 0,
    feedForward: 0,
    normalisation: 0,
    head: 0,
  };
  const unused: { name: string; count: number }[] = [];
  const types = new Map<string, number>();
  for (const tensor of tensors) {
    const count = sizeOf(tensor.shape);
    types.set(tensor.dtype, (types.get(tensor.dtype) ?? 0) + count);
    const shares = claims.of(tensor);
    if (shares.length === 0) unused.push({ name: tensor.name, count });
    for (const [part, share] of shares) counts[part] += share;
  }
  return {
    counts,
    unused,
    types: [...types].map(([type, count]) => ({ type, count })).toSorted((a, b) => b.count - a.count),
    tied: halves.some(({ logits }) => logits !== undefined) ? claims.tied : null,
  };
}

function claimHalf(half: Half, claims: Claims): void {
  const { memory, logits } = half;
  const behind = (targets: readonly Value[]): Value[] =>
    sorted(targets, ({ origin }) => origin === memory?.origin);
  const last = half.hiddenStates.at(-1);
  const embedding = new Set(behind(half.hiddenStates.slice(0, 1)));
  const hidden = new Set(last === undefined ? [] : behind([last]));
  const biases = biasesOf(half, behind);
  for (const value of behind([...half.hiddenStates, ...(logits === undefined ? [] : [logits])])) {
    if (value.origin.kind !== 'operation' || value.origin.operation.moves === true) continue;
    const { operation, inputs } = value.origin;
    for (const input of inputs) {
      const source = sourceOf(input);
      if (source === undefined) continue;
      const part = (): Part => {
        if (norms.has(operation.name)) return 'normalisation';
        if (embedding.has(value)) return 'embeddings';
        if (!hidden.has(value)) return 'head';
        return projectionOf(input) ?? (biases.has(value) ? 'bias' : 'feedForward');
      };
      claims.add(source, part(), sizeOf(input.shape));
    }
  }
}

/** Everything between a layer's queries, keys and values and its weights: what is added to scores, sinks. */
function biasesOf(half: Half, behind: (targets: readonly Value[]) => Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  const before = new Set<Value>();
  for (const steps of [...half.layers, ...(half.cross ?? [])]) {
    const at = (name: string): Value[] => steps.filter(({ label }) => label?.name === name);
    for (const value of behind([...at('Q'), ...at('K'), ...at('V')])) before.add(value);
    for (const value of behind(at('weights'))) if (!before.has(value)) found.add(value);
  }
  return found;
}

/** By the name that the mechanism gives to a projection's weight and bias: "W_Q", "b_Q". */
function projectionOf({ label }: Value): Part | undefined {
  const letter = label === undefined ? undefined : /^[Wb]_([QKVO])$/.exec(label.name)?.[1];
  return letter === undefined ? undefined : projections[letter];
}

/** The parameter that a value is made of by moving its cells, or leaving some out. */
function sourceOf(value: Value): TensorSource | undefined {
  let { origin } = value;
  while (origin.kind === 'operation' && origin.operation.moves === true) {
    const [from] = origin.inputs;
    if (from === undefined) return undefined;
    ({ origin } = from);
  }
  return origin.kind === 'parameter' ? origin.source : undefined;
}

/** Which parts use how much of which tensors. */
class Claims {
  private readonly uses = new Map<TensorSource, Map<Part, number>>();
  /** Whether words are said with the vectors that they are read with. */
  tied = false;

  add(source: TensorSource, part: Part, count: number): void {
    const uses = this.uses.get(source) ?? new Map<Part, number>();
    this.uses.set(source, uses);
    if (part === 'head' && uses.has('embeddings')) this.tied = true;
    // Layers may share a tensor.
    uses.set(part, Math.max(count, uses.get(part) ?? 0));
  }

  /** How much of a tensor is whose. */
  of(tensor: NamedTensor): readonly (readonly [Part, number])[] {
    const uses = [...(this.uses.get(tensor) ?? [])];
    const size = sizeOf(tensor.shape);
    const [first] = uses;
    if (first === undefined) return [];
    // Queries, keys and values side by side in one tensor share it out.
    if (uses.length > 1 && uses.reduce((sum, [, count]) => sum + count, 0) === size) return uses;
    // All of it is the part's that used it first: of positions, a short text reads only the first rows.
    return [[first[0], size]];
  }
}

import { inputsOf, roleOf, sorted, type Role, type Value } from '../../../engine/graph.js';
import { sizeOf, type TensorSource } from '../../../engine/tensor.js';
import type { Part, PartName } from '../../../protocol.js';

type Origin = Value['origin'];

/** The graph of a model, or of one of its halves. */
export interface Stack {
  /** The first is the embeddings. // each (n, model) */
  readonly hiddenStates: readonly Value[];
  readonly layers: readonly (readonly Value[])[];
  readonly logits?: Value | undefined;
  /** Of a decoder: attention to the encoder’s output. */
  readonly cross?: { readonly layers: readonly (readonly Value[])[] };
}

const titles: Readonly<Record<PartName, string>> = {
  embeddings: 'Embeddings',
  queries: 'Queries',
  keys: 'Keys',
  values: 'Values',
  output: 'Attention output',
  bias: 'Position bias and sinks',
  'feed-forward': 'Feed-forward',
  norms: 'Norms',
  head: 'Language head',
};

const ofRole: Partial<Record<Role, PartName>> = {
  query: 'queries',
  key: 'keys',
  value: 'values',
  output: 'output',
};

/**
 * What every parameter of a graph is for, each counted once: one that serves two ends, such as word vectors that also say the
 * next word, counts where it comes first.
 */
export function partsOf(stacks: readonly Stack[]): {
  readonly parts: readonly Part[];
  readonly read: ReadonlySet<TensorSource>;
} {
  const counts = new Map<PartName, number>();
  const counter = new Counter((name, count) => counts.set(name, (counts.get(name) ?? 0) + count));
  for (const stack of stacks) counter.take(stack);
  const order = Object.keys(titles).filter((name): name is PartName => name in titles);
  return {
    parts: order.flatMap((name) => {
      const count = counts.get(name);
      return count === undefined ? [] : [{ name, title: titles[name], count }];
    }),
    read: counter.read,
  };
}

class Counter {
  /** How many of a tensor's numbers were counted. */
  private readonly counted = new Map<TensorSource, number>();
  private readonly seen = new Set<Origin>();

  constructor(private readonly add: (name: PartName, count: number) => void) {}

  get read(): ReadonlySet<TensorSource> {
    return new Set(this.counted.keys());
  }

  take({ hiddenStates, layers, logits, cross }: Stack): void {
    const [embeddings] = hiddenStates;
    if (embeddings !== undefined) this.walk(embeddings, 'embeddings');
    layers.forEach((steps, layer) => {
      for (const step of [...steps, ...(cross?.layers[layer] ?? [])]) {
        const role = roleOf(step);
        const part = role === undefined ? undefined : ofRole[role];
        if (part !== undefined) this.walk(step, part);
        else if (step.label?.step?.phase === 'score') this.walk(step, 'bias');
      }
      const end = hiddenStates[layer + 1];
      if (end !== undefined) this.walk(end, 'feed-forward');
    });
    const last = hiddenStates.at(-1);
    if (last !== undefined) this.walk(last, 'norms');
    if (logits !== undefined) this.walk(logits, 'head');
  }

  /** Counts what a value is made of and nothing before was. */
  private walk(value: Value, part: PartName): void {
    for (const each of sorted([value], ({ origin }) => this.seen.has(origin))) {
      if (this.seen.has(each.origin)) continue;
      this.seen.add(each.origin);
      if (each.origin.kind !== 'operation') continue;
      const isNorm = each.origin.operation.name.endsWith('-norm');
      for (const input of inputsOf(each)) {
        const source = sourceOf(input);
        if (source !== undefined && sourceOf(each) === undefined)
          this.count(source, sizeOf(input.shape), isNorm ? 'norms' : part);
      }
    }
  }

  private count(source: TensorSource, size: number, part: PartName): void {
    const before = this.counted.get(source) ?? 0;
    const count = Math.min(size, sizeOf(source.shape) - before);
    this.counted.set(source, before + count);
    if (count > 0) this.add(part, count);
  }
}

/** The one tensor that a value's numbers come from, moved or cut; undefined where there are others, or it is computed. */
function sourceOf(value: Value): TensorSource | undefined {
  const { origin } = value;
  if (origin.kind === 'parameter') return origin.source;
  if (origin.kind !== 'operation' || !(origin.operation.moves === true || origin.operation.name === 'slice'))
    return undefined;
  const [input, ...others] = origin.inputs;
  return input === undefined || others.length > 0 ? undefined : sourceOf(input);
}

import type { Tensor as OrtTensor } from 'onnxruntime-common';
import type { Value } from '../engine/graph.js';
import { formatShape, sizeOf, type Tensor } from '../engine/tensor.js';
import type { Platform } from '../platform/platform.js';
import { loadBackend, type Backend } from './backend.js';
import { SessionCache, type CacheLimits } from './cache.js';
import { compile, type CompiledGraph, type Feed } from './compile.js';
import { start } from './create.js';
import { RunError } from './error.js';
import { sessionOptions } from './options.js';
import { WeightStore } from './weights.js';

export interface RunOptions {
  /** Looked at before the run and between its parts; what ONNX Runtime has begun, it finishes. */
  readonly signal?: AbortSignal;
  /** Extents may be others than those of the values: what is compiled holds for all, and results say their own. */
  readonly stretched?: boolean;
  /** Where the numbers of some targets are written to; their shape is this one's. Others get memory of their own. */
  readonly into?: ReadonlyMap<Value, Tensor<Float32Array>>;
}

interface Compiled {
  readonly targets: readonly Value[];
  /** The values that are given although they could be computed. */
  readonly given: ReadonlySet<Value['origin']>;
  readonly graph: CompiledGraph;
}

const standardLimits: CacheLimits = { sessions: 16, bytes: 2 ** 31 };

/**
 * Runs graphs in ONNX Runtime, one at a time. Sessions are kept between runs, so that a graph that differs from an
 * earlier one only in how much it is fed starts at once.
 *
 * ONNX Runtime blocks its thread: not to be used where something else has to stay responsive.
 */
export class Runtime {
  private readonly compiled = new WeakMap<Value, Compiled[]>();
  /** How much is kept ready between runs. */
  readonly limits: CacheLimits;
  private readonly weights = new WeightStore();
  private cache: Promise<{ backend: Backend; sessions: SessionCache }> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private disposed = false;

  constructor(
    readonly platform: Platform,
    limits: Partial<CacheLimits> = {},
  ) {
    this.limits = { ...standardLimits, ...limits };
  }

  /**
   * Computes `targets`, in float32, each in its value's own shape.
   * @param feeds the numbers of every input. Positions are known, and parameters are read from their source, unless they are
   *   given here too; for any other value that is given here, nothing behind it is computed.
   * @throws RunError when something is missing or does not fit, or ONNX Runtime fails; the signal's reason when aborted.
   */
  run(
    targets: readonly Value[],
    feeds: ReadonlyMap<Value, Tensor>,
    options: RunOptions = {},
  ): Promise<Tensor<Float32Array>[]> {
    const turn = this.last.then(() => this.runNow(targets, feeds, options));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Whether no attention's scores are whole in memory when these are computed. @param given beside inputs */
  isTiled(targets: readonly Value[], given: ReadonlySet<Value['origin']> = new Set()): boolean {
    return this.compile(targets, given)?.tiled ?? true;
  }

  /** How many sessions are ready. */
  async ready(): Promise<number> {
    return (await this.cache)?.sessions.size ?? 0;
  }

  /** Waits for what is under way, then releases all sessions. A later run is refused. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.last;
    await (await this.cache)?.sessions.clear();
    this.weights.shrink(0);
    this.cache = undefined;
  }

  private async runNow(
    targets: readonly Value[],
    feeds: ReadonlyMap<Value, Tensor>,
    options: RunOptions,
  ): Promise<Tensor<Float32Array>[]> {
    const { signal } = options;
    if (this.disposed) throw new RunError('The runtime was closed.');
    signal?.throwIfAborted();
    // A result without numbers is known without running anything.
    const wanted = targets.filter(({ shape }) => sizeOf(shape) > 0);
    const given = new Map([...feeds].map(([value, tensor]) => [value.origin, tensor]));
    const graph = this.compile(wanted, new Set(given.keys()));
    const outputs = graph === undefined ? [] : await this.execute(graph, wanted, given, options);
    const results = new Map(wanted.map((target, at) => [target, outputs[at]]));
    return targets.map((target) => results.get(target) ?? { shape: target.shape, data: new Float32Array() });
  }

  private compile(targets: readonly Value[], fed: ReadonlySet<Value['origin']>): CompiledGraph | undefined {
    const [first] = targets;
    if (first === undefined) return undefined;
    const known = this.compiled.get(first) ?? [];
    const given = new Set([...fed].filter(({ kind }) => kind === 'operation' || kind === 'parameter'));
    const match = known.find((each) => sameList(each.targets, targets) && sameSet(each.given, given));
    if (match !== undefined) return match.graph;
    const graph = compile(targets, (value) => given.has(value.origin));
    this.compiled.set(first, [...known, { targets: [...targets], given, graph }]);
    return graph;
  }

  private async execute(
    graph: CompiledGraph,
    targets: readonly Value[],
    given: ReadonlyMap<Value['origin'], Tensor>,
    { signal, stretched = false, into = new Map() }: RunOptions,
  ): Promise<Tensor<Float32Array>[]> {
    this.cache ??= open(this.platform, this.limits);
    const { backend, sessions } = await this.cache.catch((error: unknown) => {
      this.cache = undefined;
      throw error;
    });
    const fed: Record<string, OrtTensor> = {};
    for (const feed of graph.feeds) {
      fed[feed.name] = toOrt(backend, feed, await this.numbersFor(feed.value, given, stretched));
      signal?.throwIfAborted();
    }
    const session = await sessions.get(graph, this.weights.bytes);
    this.weights.shrink(this.limits.bytes - sessions.bytes);
    signal?.throwIfAborted();
    const nameOfTarget = (at: number): string => graph.outputs[at] ?? '';
    const places: Record<string, OrtTensor | null> = Object.fromEntries(
      graph.outputs.map((name) => [name, null]),
    );
    for (const [at, target] of targets.entries()) {
      const place = into.get(target);
      if (place !== undefined) {
        places[nameOfTarget(at)] ??= new backend.Tensor('float32', place.data, place.shape);
      }
    }
    const results = await start(session, fed, places);
    return targets.map((target, at) => {
      const result = fromOrt(results[nameOfTarget(at)], target, stretched);
      const place = into.get(target)?.data;
      // The same value may be asked for under two names, and goes to the first one's place.
      if (place !== undefined && place !== result.data) place.set(result.data);
      return result;
    });
  }

  private async numbersFor(
    value: Value,
    given: ReadonlyMap<Value['origin'], Tensor>,
    stretched: boolean,
  ): Promise<Tensor> {
    const { origin } = value;
    const tensor = given.get(origin);
    const shape = stretched && tensor?.shape.length === value.shape.length ? tensor.shape : value.shape;
    if (tensor !== undefined) {
      if (!sameList(tensor.shape, shape)) {
        throw new RunError(
          `${nameOf(value)} has shape ${formatShape(shape)}, but numbers of shape ${formatShape(tensor.shape)} were given for it.`,
        );
      }
      if (tensor.data.length !== sizeOf(shape)) {
        throw new RunError(
          `${nameOf(value)} of shape ${formatShape(shape)} needs ${sizeOf(shape)} numbers, but ${tensor.data.length} were given.`,
        );
      }
      const [first = 0] = tensor.data;
      // What is compiled may rely on it.
      if (origin.kind === 'positions' && tensor.data.some((place, at) => place !== first + at)) {
        throw new RunError(`${nameOf(value)} counts places, which follow each other one by one.`);
      }
      return tensor;
    }
    if (origin.kind === 'parameter') return this.weights.get(origin.source);
    if (origin.kind === 'positions') {
      const { start } = origin;
      return { shape, data: Float64Array.from({ length: shape[0] ?? 0 }, (_, at) => start + at) };
    }
    throw new RunError(`No numbers were given for ${nameOf(value)} of shape ${formatShape(shape)}.`);
  }
}

async function open(
  platform: Platform,
  limits: CacheLimits,
): Promise<{ backend: Backend; sessions: SessionCache }> {
  const backend = await loadBackend(platform);
  const maker = { platform, backend, options: sessionOptions(platform) };
  return { backend, sessions: new SessionCache(maker, limits) };
}

function toOrt({ Tensor }: Backend, { value, type }: Feed, { shape, data }: Tensor): OrtTensor {
  if (type === 'float32') {
    return new Tensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
  }
  const whole = new BigInt64Array(data.length);
  data.forEach((number, at) => {
    if (!Number.isSafeInteger(number)) {
      throw new RunError(`${nameOf(value)} takes whole numbers, but number ${at} is ${number}.`);
    }
    whole[at] = BigInt(number);
  });
  return new Tensor('int64', whole, shape);
}

function fromOrt(
  tensor: OrtTensor | undefined,
  { shape: expected, label }: Value,
  stretched: boolean,
): Tensor<Float32Array> {
  const data = tensor?.data;
  const shape = stretched && tensor?.dims.length === expected.length ? tensor.dims : expected;
  if (!(data instanceof Float32Array) || !sameList(tensor?.dims ?? [], shape)) {
    throw new RunError(
      `${label?.name ?? 'A result'} should have shape ${formatShape(shape)}, but ONNX Runtime computed ${tensor === undefined ? 'nothing' : formatShape(tensor.dims)}.`,
    );
  }
  return { shape, data };
}

function nameOf({ label, origin }: Value): string {
  if (label !== undefined) return label.name;
  return origin.kind === 'operation'
    ? `The result of “${origin.operation.name}”`
    : `An unnamed ${origin.kind}`;
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

function sameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a.size === b.size && [...a].every((each) => b.has(each));
}

import { isPerHead, type Operation, type Value } from '../../engine/graph.js';
import { restrict, type Target } from '../../engine/restrict.js';
import { cut, regionShape, regionWithin, sameRegion, type Region, type Tensor } from '../../engine/tensor.js';
import type { Runtime } from '../../runtime/session.js';
import { leafNumbers } from '../run/leaf.js';
import type { Layer } from '../core/subject.js';

type Numbers = Tensor<Float32Array>;

/** How many rows of steps are kept for the next question about the same cell. */
const keptRows = 8;

/**
 * Gives any part of any value of a layer: what is kept is read, everything else is computed for that part alone, by
 * the layer's own graph in ONNX Runtime.
 */
export class LayerReader {
  /** For a row of a head, or of all heads: every step that has such rows. The one used last comes last. */
  private readonly rows = new Map<
    string,
    Promise<ReadonlyMap<Value, { readonly region: Region; readonly tensor: Numbers }>>
  >();

  constructor(
    private readonly layer: Layer,
    private readonly runtime: Runtime,
  ) {}

  /** One part. What lies in a single row of a step comes with that row of the steps beside it, in one run. */
  async read(value: Value, region: Region): Promise<Numbers> {
    const leaf = this.readLeaf(value, region);
    if (leaf !== undefined) return leaf;
    const moved = await this.readMoved(value, region);
    if (moved !== undefined) return moved;
    const row = await this.readRow(value, region);
    if (row !== undefined) return row;
    const [tensor] = await this.readAll([{ value, region }]);
    if (tensor === undefined) throw new Error('A read gave nothing.');
    return tensor;
  }

  /** Several parts in one run. */
  async readAll(targets: readonly Target[]): Promise<Numbers[]> {
    const results = new Map<Target, Numbers>();
    const computed: Target[] = [];
    for (const target of targets) {
      const leaf = this.readLeaf(target.value, target.region);
      if (leaf === undefined) computed.push(target);
      else results.set(target, await leaf);
    }
    if (computed.length > 0) {
      const restriction = restrict(computed, (value) => this.layer.kept.has(value));
      const feeds = new Map<Value, Tensor>();
      for (const { leaf, original, region } of restriction.feeds) {
        const tensor = this.readLeaf(original, region);
        if (tensor === undefined) throw new Error(`${original.label?.name ?? 'An input'} was not given.`);
        feeds.set(leaf, await tensor);
      }
      const tensors = await this.runtime.run(restriction.targets, feeds);
      computed.forEach((target, at) => {
        const [tensor, held] = [tensors[at], restriction.regions[at]];
        if (tensor === undefined || held === undefined) return;
        results.set(target, cutTo(tensor, held, target.region));
      });
    }
    return targets.flatMap((target) => results.get(target) ?? []);
  }

  /** The numbers of what is not computed; undefined for what is. */
  private readLeaf(value: Value, region: Region): Promise<Numbers> | undefined {
    return this.layer.kept.get(value)?.read(region) ?? leafNumbers(value, region);
  }

  /** A part of something whose cells are only moved: nothing has to run. */
  private async readMoved(value: Value, region: Region): Promise<Numbers | undefined> {
    if (value.origin.kind !== 'operation' || value.origin.operation.moves !== true) return undefined;
    const { operation, inputs } = value.origin;
    const shapes = inputs.map(({ shape }) => shape);
    const whole = operation.computes?.(region, value.shape, shapes) ?? region;
    if (!sameRegion(whole, region)) return undefined;
    const parts = operation.reads(region, shapes);
    const read = await Promise.all(inputs.map((from, at) => this.read(from, parts[at] ?? [])));
    const restricted: Operation = operation.restrict?.(region) ?? operation;
    const shape = regionShape(region);
    return { shape, data: Float32Array.from(restricted.evaluate(read, shape)) };
  }

  private async readRow(value: Value, region: Region): Promise<Numbers | undefined> {
    const perHead = isPerHead(value);
    const [head, row] = perHead ? region : [undefined, ...region];
    if (!isRowStep(value) || row === undefined || row.end - row.start !== 1) return undefined;
    if (head !== undefined && head.end - head.start !== 1) return undefined;
    const key = `${head?.start ?? 'all'} ${row.start}`;
    const known = this.rows.get(key);
    this.rows.delete(key);
    const rows = known ?? this.computeRow(perHead, (each) => rowOf(each, head, row));
    this.rows.set(key, rows);
    const [oldest] = this.rows.keys();
    if (this.rows.size > keptRows && oldest !== undefined) this.rows.delete(oldest);
    try {
      const found = (await rows).get(value);
      return found && cutTo(found.tensor, found.region, region);
    } catch (error) {
      this.rows.delete(key);
      throw error;
    }
  }

  private async computeRow(
    perHead: boolean,
    regionOf: (value: Value) => Region,
  ): Promise<Map<Value, { region: Region; tensor: Numbers }>> {
    const values = this.layer.steps.filter(
      (each) => isRowStep(each) && isPerHead(each) === perHead && !this.layer.kept.has(each),
    );
    const targets = values.map((value) => ({ value, region: regionOf(value) }));
    const tensors = await this.readAll(targets);
    return new Map(
      targets.flatMap(({ value, region }, at) => {
        const tensor = tensors[at];
        return tensor === undefined ? [] : [[value, { region, tensor }] as const];
      }),
    );
  }
}

/** A computed step with one row per query, and, if it has heads, one matrix per query head. */
function isRowStep({ label, origin }: Value): boolean {
  return (
    label?.step !== undefined &&
    origin.kind === 'operation' &&
    label.axes.at(-2) === 'query' &&
    label.axes[0] !== 'group'
  );
}

function rowOf(value: Value, head: Region[number] | undefined, row: Region[number]): Region {
  const columns = { start: 0, end: value.shape.at(-1) ?? 0 };
  return head === undefined ? [row, columns] : [head, row, columns];
}

/** Of a tensor that holds `held`, the part `wanted`. */
function cutTo(tensor: Numbers, held: Region, wanted: Region): Numbers {
  if (sameRegion(held, wanted)) return tensor;
  return cut(tensor, regionWithin(wanted, held));
}

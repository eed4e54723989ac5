import { stepFor } from '../../../engine/graph.js';
import { wholeOf, type Tensor } from '../../../engine/tensor.js';
import {
  arranged,
  ModelError,
  OtherForm,
  readAttention,
  readScores,
  valuesOf,
  type AttentionReading,
  type ExportInput,
  type FoundAttention,
  type MaskingCache,
  type OnnxModel,
  type OnnxPart,
  type ReadyScores,
} from '../../../models/index.js';
import { RunError } from '../../../runtime/error.js';
import { ForeignModel } from '../../../runtime/foreign.js';
import type { Runtime } from '../../../runtime/session.js';
import { pair } from '../../run/capture.js';
import { LayerReader } from '../../views/reader.js';
import { buildLayer, materialOf, materialOfScores, type Material } from './layer.js';

type Numbers = Tensor<Float32Array>;

/** The text that an export is checked with has so many tokens at most. */
const checked = 16;
/** An image or a recording cannot be shortened: of so many numbers of weights at once, the places of attention are checked together. */
const mostChecked = 1 << 25;
/** Float32 differs by less; half precision by less than the other. */
const equal = 1e-5;
const close = 2e-3;

/** One layer of a run. */
export interface RunLayer {
  readonly found: FoundAttention;
  readonly reading:
    | { readonly kind: 'vectors'; readonly reading: AttentionReading }
    | { readonly kind: 'scores'; readonly reading: ReadyScores };
}

export interface ExportResult {
  readonly layers: readonly RunLayer[];
  /** Feature maps and what the graph gives, of an export that reads images. */
  readonly values: ReadonlyMap<string, Numbers>;
}

/** What an export says of an image besides its attention, by the names that exporters write. */
export const outputNames = { classes: 'logits', boxes: 'pred_boxes' } as const;

function besides({ image, maps, outputs }: OnnxModel): string[] {
  if (image === undefined) return [];
  return [
    ...maps.map(({ value }) => value),
    ...Object.values(outputNames).filter((name) => outputs.includes(name)),
  ];
}

interface Plan {
  readonly kind: 'vectors' | 'scores';
  readonly attention: readonly FoundAttention[];
  readonly notices: readonly string[];
}

/**
 * An ONNX export ready to run, after it was checked: for a short text the weights that our own steps give from its queries
 * and keys have to be those that the file computes itself.
 */
export class OnnxRun {
  private constructor(
    private readonly model: OnnxModel,
    private readonly plan: Plan,
    private readonly part: OnnxPart,
    private readonly session: ForeignModel,
  ) {}

  /**
   * @param input to check it with
   * @throws ModelError when nothing of its attention can be read; RunError when ONNX Runtime refuses it
   */
  static async open(model: OnnxModel, input: ExportInput, runtime: Runtime): Promise<OnnxRun> {
    try {
      const plan = await check(model, isText(input) ? input.slice(0, checked) : input, runtime);
      const part = model.part([...wantedBy(plan), ...besides(model)]);
      return new OnnxRun(model, plan, part, await ForeignModel.open(runtime.platform, part.graph));
    } catch (error) {
      throw namedAfter(model, error);
    }
  }

  /** What was found, and what of it is shown. */
  get notices(): readonly string[] {
    return this.plan.notices;
  }

  async run(input: ExportInput): Promise<ExportResult> {
    const values = await this.session.run(this.part.feeds(input)).catch((error: unknown) => {
      throw namedAfter(this.model, error);
    });
    const cache: MaskingCache = new Map();
    const layers = this.plan.attention.map((found): RunLayer => {
      try {
        return {
          found,
          reading:
            this.plan.kind === 'vectors'
              ? { kind: 'vectors', reading: readAttention(found, values, cache) }
              : { kind: 'scores', reading: readScores(found, values) },
        };
      } catch (error) {
        throw error instanceof OtherForm
          ? new ModelError(`${this.model.name}: ${found.title} cannot be read: ${error.message}.`, {
              cause: error,
            })
          : error;
      }
    });
    return { layers, values: new Map(besides(this.model).flatMap((name) => pair(name, values.get(name)))) };
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/** Of which the first tokens are a text too. */
function isText(input: ExportInput): input is readonly number[] {
  return !('pixels' in input) && !('features' in input);
}

/** What ONNX Runtime says does not name the file. */
function namedAfter({ name }: OnnxModel, error: unknown): unknown {
  return error instanceof RunError ? new ModelError(`${name}: ${error.message}`, { cause: error }) : error;
}

function wantedBy({ kind, attention }: Plan): string[] {
  return attention.flatMap(kind === 'vectors' ? valuesOf : readyOf);
}

/** What is read of attention whose queries and keys are not. */
function readyOf({ value, result }: FoundAttention): string[] {
  return [value.value, ...(result.kind === 'weights' ? [result.scores] : [])];
}

/** Runs all of a graph's attention on a few tokens, or on an image, and compares. */
async function check(model: OnnxModel, input: ExportInput, runtime: Runtime): Promise<Plan> {
  const { attention } = model;
  const notices = [listOf(attention)];
  const tried = await compareAll('vectors', model, input, runtime);
  if (tried.reasons.length === 0) {
    return { kind: 'vectors', attention, notices: [...notices, ...precision(tried.difference)] };
  }
  const reasons = tried.reasons
    .slice(0, 3)
    .map(({ title, reason }) => `${title}: ${reason}`)
    .join('; ');
  const ready = await compareAll('scores', model, input, runtime);
  const shown = ready.readable.length;
  if (shown === 0) throw new ModelError(`${model.name}: its attention cannot be read. ${reasons}.`);
  return {
    kind: 'scores',
    attention: ready.readable,
    notices: [
      ...notices,
      `Queries and keys are not shown, because they do not give the file’s own weights (${reasons}). Shown are the scores as they reach the softmax${shown < attention.length ? `, in ${shown} of ${attention.length} places` : ''}.`,
      ...precision(ready.difference),
    ],
  };
}

interface Comparison {
  readonly readable: readonly FoundAttention[];
  readonly reasons: readonly { readonly title: string; readonly reason: string }[];
  readonly difference: number;
}

/** Tries all places; so many at once that what they are compared with fits into memory. */
async function compareAll(
  kind: Plan['kind'],
  model: OnnxModel,
  input: ExportInput,
  runtime: Runtime,
): Promise<Comparison> {
  const { attention } = model;
  const parts: Comparison[] = [];
  let most = isText(input) ? attention.length : 1;
  for (let at = 0; at < attention.length;) {
    const group = attention.slice(at, at + most);
    const part = model.part(
      group.flatMap((found) => [...valuesOf(found), ...readyOf(found), found.result.value]),
    );
    const session = await ForeignModel.open(runtime.platform, part.graph);
    let values: ReadonlyMap<string, Numbers>;
    try {
      values = await session.run(part.feeds(input));
    } finally {
      await session.dispose();
    }
    parts.push(await compareGroup(kind, group, values, runtime));
    at += group.length;
    const largest = Math.max(1, ...[...values.values()].map(({ data }) => data.length));
    most = isText(input) ? most : Math.max(1, Math.floor(mostChecked / largest));
  }
  return {
    readable: parts.flatMap(({ readable }) => readable),
    reasons: parts.flatMap(({ reasons }) => reasons),
    difference: Math.max(...parts.map(({ difference }) => difference)),
  };
}

async function compareGroup(
  kind: Plan['kind'],
  attention: readonly FoundAttention[],
  values: ReadonlyMap<string, Numbers>,
  runtime: Runtime,
): Promise<Comparison> {
  const readable: FoundAttention[] = [];
  const reasons: { title: string; reason: string }[] = [];
  const cache: MaskingCache = new Map();
  let difference = 0;
  for (const found of attention) {
    try {
      const material = materialIn(kind, found, values, cache);
      const own = await ownResult(found, material, runtime, values);
      if (!(own <= close)) throw new OtherForm(`its own result differs by ${own.toPrecision(2)}`);
      difference = Math.max(difference, own);
      readable.push(found);
    } catch (error) {
      if (!(error instanceof OtherForm)) throw error;
      reasons.push({ title: found.title, reason: error.message });
    }
  }
  return { readable, reasons, difference };
}

function materialIn(
  kind: Plan['kind'],
  found: FoundAttention,
  values: ReadonlyMap<string, Numbers>,
  cache: MaskingCache,
): Material {
  if (kind === 'scores') return materialOfScores(readScores(found, values));
  const reading = readAttention(found, values, cache);
  return materialOf(reading, reading.masking.bias !== undefined);
}

/** The largest difference between what our steps give and what the file computed; of outputs, as a share of the largest. */
async function ownResult(
  found: FoundAttention,
  material: Material,
  runtime: Runtime,
  values: ReadonlyMap<string, Numbers>,
): Promise<number> {
  const layer = buildLayer(material, {});
  const target = stepFor(layer.steps, found.result.kind === 'weights' ? 'weights' : 'output');
  const own = await new LayerReader(layer, runtime).read(target, wholeOf(target.shape));
  const [heads = 0, rows = 0, columns = 0] = own.shape.length === 3 ? own.shape : [1, ...own.shape];
  const theirs = theirResult(found, heads, values);
  if (theirs.shape[0] !== heads || theirs.shape[1] !== rows || theirs.shape[2] !== columns) return Infinity;
  const largest =
    found.result.kind === 'weights'
      ? 1
      : theirs.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return own.data.reduce((most, value, at) => {
    const step = Math.abs(value - (theirs.data[at] ?? Number.NaN)) / (largest || 1);
    return step <= most ? most : step;
  }, 0);
}

function theirResult(
  { result }: FoundAttention,
  heads: number,
  values: ReadonlyMap<string, Numbers>,
): Numbers {
  const rank = values.get(result.value)?.shape.length ?? 0;
  const lie =
    result.kind === 'output' && rank === 3
      ? ({ kind: 'merged', first: 0, heads, of: heads } as const)
      : ({ kind: 'rows' } as const);
  return arranged({ value: result.value, lie }, values);
}

function precision(difference: number): string[] {
  return difference <= equal
    ? []
    : [
        `The file computes in less than single precision: its own weights differ from those shown by up to ${difference.toPrecision(2)} for a short text.`,
      ];
}

/** "Attention was found in 12 places: /encoder/layer.{0…11}/attention/self." */
function listOf(attention: readonly FoundAttention[]): string {
  const titles = attention.map(({ title }) => title);
  const operators = [...new Set(attention.map(({ operator }) => operator))].join(', ');
  const places = titles.length === 1 ? 'one place' : `${titles.length} places`;
  return `Attention was found in ${places} of the graph (${operators}): ${collapsed(titles).join(', ')}.`;
}

/** Names that differ in one number only, as one. */
export function collapsed(titles: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const title of titles) {
    const skeleton = title.replaceAll(/\d+/g, '#');
    groups.set(skeleton, [...(groups.get(skeleton) ?? []), title]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first = ''] = group;
    const numbers = group.map((title) => title.match(/\d+/g) ?? []);
    const own = numbers[0] ?? [];
    const varying = own.flatMap((_, at) => (new Set(numbers.map((each) => each[at])).size > 1 ? [at] : []));
    const [place] = varying;
    if (group.length < 3 || varying.length !== 1 || place === undefined) return group;
    let at = -1;
    const last = numbers.at(-1)?.[place] ?? '';
    return [first.replaceAll(/\d+/g, (number) => (++at === place ? `{${number}…${last}}` : number))];
  });
}

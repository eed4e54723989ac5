import { truncated, unknownTokens } from '../../core/truncated.js';
import { withValues } from '../../../engine/mechanisms/index.js';
import type { Encoding } from '../../../models/index.js';
import type { Labels, Parameter, ParameterValues } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { formatCount } from '../../../common/strings.js';
import { encoded } from '../../run/encoded.js';
import { withGradients, withoutGradients } from '../../run/gradients.js';
import { InterventionError } from '../../run/check-interventions.js';
import type { Preparation, Setting } from '../../core/preparation.js';
import type { Task } from '../../core/task.js';
import type { Handle } from '../../core/resource-pool.js';
import { marksIn, textMedium } from '../../core/marks.js';
import { exportPath } from '../../core/models.js';
import { takeOver, type Source } from '../../core/source.js';
import type { OpenExport } from './open-export.js';
import type { Layer, Subject } from '../../core/subject.js';
import {
  buildLayer,
  controlsOf,
  materialOf,
  materialOfScores,
  withSameSteps,
  type Material,
} from './layer.js';
import type { RunLayer } from './run.js';

/** Where the tokens of the text stand. */
const medium = textMedium(0);

/** Text, read by an ONNX export. */
export const onnxSource: Source = {
  id: 'onnx',
  async open({ material, by }, { exports, runtime }) {
    const path = by?.model === undefined ? undefined : exportPath(by.model);
    if (material.kind !== 'text' || path === undefined) return undefined;
    const { texts } = material;
    const preparation = await takeOver(
      await exports.acquire(path),
      async (held) =>
        new OnnxPreparation(held, await encoded(held.opened.model, texts[0]), runtime, texts.length),
    );
    return { kind: 'preparation', preparation };
  },
};

/** Text run through an ONNX export: its own graph computes queries, keys and values; the steps after them are ours. */
export class OnnxPreparation implements Preparation {
  private ran:
    Promise<{ readonly layers: readonly RunLayer[]; readonly notices: readonly string[] }> | undefined;

  constructor(
    private readonly held: Handle<OpenExport>,
    private readonly encoding: Encoding,
    private readonly runtime: Runtime,
    /** How many texts were brought, of which one is read. */
    private readonly texts: number,
  ) {}

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { model } = this.held.opened;
    if (interventions.length > 0) {
      throw new InterventionError(
        `${model.name} is an ONNX export: its own graph computes all of its layers, so that no step can be set in it. The same model as a checkpoint folder can be intervened in.`,
      );
    }
    task.progress?.(`${model.name}: ${this.encoding.ids.length} tokens`, null);
    const begun = performance.now();
    this.ran ??= this.runOnce().catch((error: unknown) => {
      this.ran = undefined;
      throw error;
    });
    const { layers, notices } = await this.ran;
    const forward = performance.now() - begun;
    task.signal?.throwIfAborted();

    const hasBias = layers.some(
      ({ reading }) => reading.kind === 'vectors' && reading.reading.masking.bias !== undefined,
    );
    const materials = layers.map(({ reading }) =>
      reading.kind === 'vectors' ? materialOf(reading.reading, hasBias) : materialOfScores(reading.reading),
    );
    const { described, changed } = read(materials[0], withoutGradients(parameters));
    const built = withSameSteps(materials).map((material) => buildLayer(material, changed));
    const derived = built.map(({ steps }) => withGradients(steps, parameters));
    const shape = materials[0]?.tensors['Q']?.shape ?? materials[0]?.tensors['scores']?.shape ?? [];
    const labels = await this.labels(shape[1] ?? 0);
    return {
      title: model.title,
      subtitle: `${model.family} · ${formatCount(layers.length, 'layer')} × ${formatCount(shape[0] ?? 0, 'head')} · ${labels.count} tokens`,
      mechanism: { id: 'scaled-dot-product', title: 'Scaled dot-product attention' },
      layers: built.map(({ kept }, at): Layer => ({ steps: derived[at]?.steps ?? [], kept })),
      heads: shape[0] ?? 0,
      media: [medium],
      queries: labels,
      keys: labels,
      parameters: [...described, ...(derived[0]?.parameters ?? [])],
      notices: [...notices, ...this.notices(Object.keys(changed).length > 0)],
      forward,
    };
  }

  async dispose(): Promise<void> {
    await this.held.release();
  }

  private async runOnce(): Promise<{ layers: readonly RunLayer[]; notices: readonly string[] }> {
    const { ids } = this.encoding;
    const run = await this.held.opened.run(ids, this.runtime);
    const all = await run.run(ids);
    const { shown, notices } = alike(all);
    return { layers: shown, notices: [...run.notices, ...notices] };
  }

  /** The text's tokens, and those that fill an export of a fixed length. */
  private async labels(count: number): Promise<Labels> {
    const { tokens, ranges } = this.encoding;
    const missing = count - tokens.length;
    if (missing <= 0) return { count: tokens.length, words: tokens, marks: marksIn(medium, ranges) };
    const padding = await this.held.opened.model.paddingToken();
    const fill = Array.from({ length: missing }, () => null);
    return {
      count,
      words: [...tokens, ...fill.map(() => padding)],
      marks: marksIn(medium, [...ranges, ...fill]),
    };
  }

  private notices(isChanged: boolean): string[] {
    const { ids, total } = this.encoding;
    const { name, fixed } = this.held.opened.model;
    return [
      ...(isChanged
        ? [
            'What was changed acts in each layer by itself: its queries, keys and values stay as the file computed them.',
          ]
        : []),
      ...(fixed !== undefined && ids.length < fixed
        ? [`${name} always reads ${fixed} tokens: ${fixed - ids.length} of them are padding.`]
        : []),
      ...truncated(ids.length, total),
      ...unknownTokens(this.encoding),
      ...(this.texts === 1 ? [] : [`${name} reads one text: the second selection was not used.`]),
    ];
  }
}

/** The controls, and what a reader set otherwise than the file has it. */
function read(
  first: Material | undefined,
  parameters: ParameterValues,
): { described: readonly Parameter[]; changed: ParameterValues } {
  const described = first === undefined ? [] : withValues(controlsOf(first), parameters);
  const changed = described.filter(({ value, default: standard }) => value !== standard);
  return { described, changed: Object.fromEntries(changed.map(({ name, value }) => [name, value])) };
}

/** The layers that can stand in one picture: of as many heads, queries and keys; and a word on the others. */
function alike(layers: readonly RunLayer[]): { shown: readonly RunLayer[]; notices: readonly string[] } {
  const kinds = new Map<string, RunLayer[]>();
  for (const layer of layers) {
    const { reading } = layer.reading;
    const shape =
      'Q' in reading ? [...reading.Q.shape.slice(0, 2), reading.K.shape[1]] : reading.scores.shape;
    const key = shape.join(' × ');
    kinds.set(key, [...(kinds.get(key) ?? []), layer]);
  }
  const [most, ...others] = [...kinds].toSorted(([, a], [, b]) => b.length - a.length);
  return {
    shown: most?.[1] ?? [],
    notices: others.map(
      ([shape, group]) =>
        `Not shown: ${group.map(({ found }) => found.title).join(', ')}, of ${shape} heads, queries and keys.`,
    ),
  };
}

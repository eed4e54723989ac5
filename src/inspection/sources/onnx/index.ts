import { withValues } from '../../../engine/mechanisms/index.js';
import { ModelError, type ExportInput, type OnnxModel } from '../../../models/index.js';
import type { Parameter, ParameterValues } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { formatCount } from '../../../common/strings.js';
import { encoded } from '../../run/encoded.js';
import { withGradients, withoutGradients } from '../../run/gradients.js';
import { InterventionError } from '../../run/check-interventions.js';
import { openImage } from '../../core/image-input.js';
import { BroughtRecording } from '../../core/recording.js';
import type { Preparation, Setting } from '../../core/preparation.js';
import type { Task } from '../../core/task.js';
import type { Handle } from '../../core/resource-pool.js';
import { exportPath } from '../../core/models.js';
import { takeOver, type Source } from '../../core/source.js';
import type { OpenExport } from './open-export.js';
import type { Layer, Subject } from '../../core/subject.js';
import { ExportSound } from './audio.js';
import { ExportImage } from './image.js';
import {
  buildLayer,
  controlsOf,
  materialOf,
  materialOfScores,
  withSameSteps,
  type Material,
} from './layer.js';
import type { ExportReading } from './reading.js';
import { collapsed, type ExportResult, type RunLayer } from './run.js';
import { textReading } from './text.js';

/** A text, an image or a recording, read by an ONNX export. */
export const onnxSource: Source = {
  id: 'onnx',
  async open({ material, by }, { exports, platform, runtime }) {
    const path = by?.model === undefined ? undefined : exportPath(by.model);
    if (path === undefined) return undefined;
    if (material.kind !== 'text' && material.kind !== 'image' && material.kind !== 'audio') return undefined;
    const preparation = await takeOver(await exports.acquire(path), async (held) => {
      const { model } = held.opened;
      refuseOther(model, material.kind);
      if (material.kind === 'text') {
        const reading = textReading(model, await encoded(model, material.texts[0]), material.texts.length);
        return new OnnxPreparation(held, reading, runtime);
      }
      if (material.kind === 'audio') {
        const recording = await BroughtRecording.open(platform, material.file);
        try {
          const reading = await ExportSound.of(model, recording, material.text !== undefined);
          return new OnnxPreparation(held, reading, runtime);
        } catch (error) {
          await recording.close();
          throw error;
        }
      }
      const brought = await openImage(platform, material.file);
      const reading = new ExportImage(model, brought, await model.processor(), material.text !== undefined);
      return new OnnxPreparation(held, reading, runtime);
    });
    return { kind: 'preparation', preparation };
  },
};

/** What each kind of thing is called, and which exports read it. */
const readers = {
  text: { what: 'text', inspect: undefined, select: 'a model for text' },
  image: {
    what: 'images',
    inspect: 'an image',
    select: 'a model that reads images, such as an export with pixel_values',
  },
  audio: {
    what: 'recordings',
    inspect: 'a recording',
    select: 'a model that hears, such as the encoder of a Whisper with input_features',
  },
} as const;

/** @throws ModelError where an export reads something else than was brought */
function refuseOther(model: OnnxModel, given: keyof typeof readers): void {
  const own = model.image !== undefined ? 'image' : model.sound !== undefined ? 'audio' : 'text';
  if (own === given) return;
  const { what, inspect } = readers[own];
  const { select, what: other } = readers[given];
  const advice =
    inspect === undefined ? `Select ${select}.` : `Inspect ${inspect} with it, or select ${select}.`;
  throw new ModelError(`${model.title} (${model.family}) reads ${what}, not ${other}. ${advice}`);
}

/** Something run through an ONNX export: its own graph computes queries, keys and values; the steps after them are ours. */
export class OnnxPreparation implements Preparation {
  private ran: { readonly key: string; readonly result: Promise<Ran> } | undefined;

  constructor(
    private readonly held: Handle<OpenExport>,
    private readonly reading: ExportReading,
    private readonly runtime: Runtime,
  ) {}

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { model } = this.held.opened;
    const { reading } = this;
    if (interventions.length > 0) {
      throw new InterventionError(
        `${model.name} is an ONNX export: its own graph computes all of its layers, so that no step can be set in it. The same model as a checkpoint folder can be intervened in.`,
      );
    }
    task.progress?.(model.name, null);
    const begun = performance.now();
    const own = withValues(reading.controls, among(reading.controls, parameters));
    const settings = Object.fromEntries(own.map(({ name, value }) => [name, value]));
    const { result, notices } = await this.run(settings);
    const forward = performance.now() - begun;
    task.signal?.throwIfAborted();

    const kinds = alike(result.layers);
    const place = placesParameter(kinds, parameters);
    const { layers } = kinds.find(({ id }) => id === place?.value) ?? kinds[0] ?? { layers: [] };
    const hasBias = layers.some(
      (layer) => layer.reading.kind === 'vectors' && layer.reading.reading.masking.bias !== undefined,
    );
    const materials = layers.map((layer) =>
      layer.reading.kind === 'vectors'
        ? materialOf(layer.reading.reading, hasBias)
        : materialOfScores(layer.reading.reading),
    );
    const general = [...own, ...(place === undefined ? [] : [place])];
    const rest = without(new Set(general.map(({ name }) => name)), withoutGradients(parameters));
    const { described, changed } = read(materials[0], rest);
    const built = withSameSteps(materials).map((material) => buildLayer(material, changed));
    const derived = built.map(({ steps }) => withGradients(steps, parameters));
    const [first] = layers;
    const [heads = 0, queries = 0, keys = 0] = first === undefined ? [] : shapeOf(first);
    const { size, notices: said, ...labels } = await reading.describe({ queries, keys }, result, settings);
    return {
      ...labels,
      subtitle: `${model.family} · ${formatCount(layers.length, 'layer')} × ${formatCount(heads, 'head')} · ${size}`,
      mechanism: { id: 'scaled-dot-product', title: 'Scaled dot-product attention' },
      layers: built.map(({ kept }, at): Layer => ({ steps: derived[at]?.steps ?? [], kept })),
      heads,
      parameters: [...general, ...described, ...(derived[0]?.parameters ?? [])],
      notices: [
        ...notices,
        ...(Object.keys(changed).length > 0
          ? [
              'What was changed acts in each layer by itself: its queries, keys and values stay as the file computed them.',
            ]
          : []),
        ...said,
      ],
      forward,
    };
  }

  async dispose(): Promise<void> {
    await this.reading.dispose?.();
    await this.held.release();
  }

  private async run(values: ParameterValues): Promise<Ran> {
    const { input, key } = await this.reading.input(values);
    if (this.ran?.key === key) return this.ran.result;
    const result = this.runOnce(input);
    const ran = { key, result };
    this.ran = ran;
    result.catch(() => {
      if (this.ran === ran) this.ran = undefined;
    });
    return result;
  }

  private async runOnce(input: ExportInput): Promise<Ran> {
    const run = await this.held.opened.run(input, this.runtime);
    return { result: await run.run(input), notices: run.notices };
  }
}

interface Ran {
  readonly result: ExportResult;
  readonly notices: readonly string[];
}

/** Values of these controls alone. */
function among(controls: readonly Parameter[], values: ParameterValues): ParameterValues {
  const names = new Set(controls.map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

function without(names: ReadonlySet<string>, values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
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

/** Layers that can stand in one picture: of as many heads, queries and keys. */
interface Kind {
  readonly id: string;
  readonly layers: readonly RunLayer[];
}

/** The kinds of layers, the largest first. */
function alike(layers: readonly RunLayer[]): readonly Kind[] {
  const kinds = new Map<string, RunLayer[]>();
  for (const layer of layers) {
    const id = shapeOf(layer).join(' × ');
    kinds.set(id, [...(kinds.get(id) ?? []), layer]);
  }
  return [...kinds]
    .map(([id, group]) => ({ id, layers: group }))
    .toSorted((a, b) => b.layers.length - a.layers.length);
}

/** // head, query, key */
function shapeOf({ reading: { reading } }: RunLayer): readonly number[] {
  return 'Q' in reading ? [...reading.Q.shape.slice(0, 2), reading.K.shape[1] ?? 0] : reading.scores.shape;
}

/** Which of several kinds of attention is shown; undefined where there is one. */
function placesParameter(kinds: readonly Kind[], values: ParameterValues): Parameter | undefined {
  const [first, ...others] = kinds;
  if (first === undefined || others.length === 0) return undefined;
  const choices = kinds.map(({ id, layers }) => ({
    value: id,
    title: `${collapsed(layers.map(({ found }) => found.title)).join(', ')} (${layers[0] === undefined ? '' : shapeOf(layers[0]).slice(1).join(' × ')})`,
  }));
  const [control] = withValues(
    [
      {
        kind: 'choice',
        name: 'places',
        title: 'Places',
        note: 'Which of the graph’s places of attention are shown: they have other numbers of heads, queries or keys.',
        value: first.id,
        default: first.id,
        choices,
      },
    ],
    'places' in values ? { places: values['places'] ?? first.id } : {},
  );
  return control;
}

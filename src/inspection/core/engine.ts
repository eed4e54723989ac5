import type { Call, Handlers } from '../../channel.js';
import { mechanisms } from '../../engine/mechanisms/index.js';
import type {
  EngineMethods,
  FilesResult,
  HeadKinds,
  InspectionSummary,
  LayerPicture,
  ModelPage,
  ModelReference,
  Variant,
} from '../../protocol.js';
import {
  DateModel,
  datesFolder,
  describeExport as describeOnnx,
  descriptionOf,
  ModelError,
  OnnxModel,
  refusal,
  type DateScore,
  type Model,
} from '../../models/index.js';
import { Runtime } from '../../runtime/session.js';
import { AnswerPreparation } from '../sources/answers/index.js';
import { DatePreparation } from '../sources/dates.js';
import { openFiles } from '../sources/files.js';
import { Inspection, type Beginning } from './inspection.js';
import type { Preparation } from './preparation.js';
import type { Task } from './task.js';
import { describeExport, describePage, layerPicture } from '../views/model-page/index.js';
import { identityOf, isProbed, probe, probed, type Probed } from '../views/head-types/index.js';
import { exportPath, findModels, ModelPool, stampOf, type ModelHandle } from './models.js';
import { OnnxPreparation, OpenExport } from '../sources/onnx/index.js';
import { SequencePreparation } from '../sources/sequence.js';
import { ResourcePool, type Handle } from './resource-pool.js';
import { sourcesOf, TensorPreparation } from '../sources/tensors.js';
import { TextPreparation } from '../sources/text.js';
import { WordPreparation } from '../sources/embeddings.js';

/** The most variants of one inspection. */
const mostVariants = 8;

/** Everything that is open, over one runtime. */
export class Engine {
  private readonly runtime: Runtime;
  private readonly models: ModelPool;
  /** An export's session holds its weights: none stays open that nobody uses but the last. */
  private readonly exports = new ResourcePool<OpenExport>(1);
  private readonly inspections = new Map<string, Inspection>();
  /** Inspection → its variants. */
  private readonly variants = new Map<string, string[]>();
  private next = 1;

  /**
   * @param media the folder that holds the embedded models
   * @param weights how many bytes of weights are held at once, as float32; the runtime's own where left out
   */
  constructor(
    private readonly media: string,
    weights?: number,
  ) {
    this.runtime = new Runtime(weights === undefined ? {} : { bytes: weights });
    this.models = new ModelPool(media);
  }

  async inspectText(params: EngineMethods['inspectText']['params'], task: Task = {}): Promise<Inspection> {
    const { text, second, mechanism, model } = params;
    const parameters = params.parameters ?? {};
    if (model.kind === 'dates' && mechanism === undefined) {
      const folder = datesFolder(this.media);
      const openModel = (score: DateScore): Promise<DateModel> => DateModel.open(folder, score);
      const dates = await DatePreparation.open(text, model.score, openModel, this.runtime);
      return this.open(dates, { parameters }, task);
    }
    const path = exportPath(model);
    if (path !== undefined && mechanism === undefined) {
      const opened = await this.acquireExport(path);
      return this.open(
        await OnnxPreparation.open({ text, second }, opened, this.runtime),
        { parameters },
        task,
      );
    }
    const reads = withWords(model);
    const handle = await this.models.acquire(reads);
    if (mechanism !== undefined) {
      const words = await WordPreparation.open({ text, second, mechanism }, handle, this.runtime);
      return this.open(words, { parameters }, task);
    }
    // A file that goes away just now is no reason not to read the text.
    const by = await this.identity(reads).catch(() => undefined);
    const continuation = params.continuation?.by === by ? params.continuation : undefined;
    if (handle.model.decoder !== undefined) {
      const sequence = await SequencePreparation.open({ text, second }, handle, this.runtime, continuation);
      return this.open(sequence, { parameters, by }, task);
    }
    return this.open(
      await this.prepareText({ text, second }, handle),
      { parameters, by, continuation },
      task,
    );
  }

  /** What a model is made of. @throws ModelError where it cannot be read */
  async modelPage(reference: ModelReference): Promise<ModelPage> {
    const path = exportPath(reference);
    if (path !== undefined) {
      const { opened, release } = await this.acquireExport(path);
      try {
        return await describeExport(opened.model, describeOnnx(path, opened.model));
      } finally {
        await release();
      }
    }
    return this.withModel(reference, (model, folder) =>
      describePage(model, descriptionOf(model, reference), folder),
    );
  }

  /** @throws ModelError where the model has no such layer */
  modelLayer(
    reference: ModelReference,
    place: { readonly stack: number; readonly layer: number },
  ): Promise<LayerPicture> {
    return this.withModel(reference, (model) => layerPicture(model, place));
  }

  private async withModel<Result>(
    reference: ModelReference,
    use: (model: Model, folder: string) => Result | Promise<Result>,
  ): Promise<Result> {
    if (reference.kind === 'dates') {
      throw new ModelError('A date model has no page: what it computes is shown when a date is inspected.');
    }
    const { model, release } = await this.models.acquire(reference);
    try {
      return await use(model, this.models.folderOf(reference));
    } finally {
      await release();
    }
  }

  private async acquireExport(path: string): Promise<Handle<OpenExport>> {
    return this.exports.acquire(path, await stampOf(path, 'file'), async () => {
      return new OpenExport(await OnnxModel.open(path));
    });
  }

  /** Text for a model that answers questions, goes on, or only reads. */
  private async prepareText(
    texts: { readonly text: string; readonly second: string | undefined },
    handle: ModelHandle,
  ): Promise<Preparation> {
    const asked = handle.model.answers
      ? await AnswerPreparation.open(texts, handle, this.runtime)
      : undefined;
    return asked ?? TextPreparation.open(texts, handle, this.runtime);
  }

  async inspectTensors(
    params: EngineMethods['inspectTensors']['params'],
    task: Task = {},
  ): Promise<Inspection> {
    const names = Object.keys(params.tensors);
    const inputs = {
      title: names.join(', '),
      tensors: sourcesOf(params.tensors),
      mechanism: params.mechanism,
    };
    const preparation = new TensorPreparation(inputs, this.runtime);
    return this.open(preparation, { parameters: params.parameters ?? {} }, task);
  }

  /** @throws Error for a model whose heads are not probed, and what a run throws */
  async headKinds({ model }: EngineMethods['headKinds']['params'], task: Task = {}): Promise<HeadKinds> {
    const reference = probed(model);
    const identity = await this.identity(reference);
    return probe(() => this.models.acquire(reference), identity, this.runtime, task);
  }

  /** What changes where a model does. */
  private identity(model: Probed): Promise<string> {
    return identityOf(this.models.pathOf(model), model.kind === 'file' ? 'file' : 'folder');
  }

  /** An inspection, or the question that has to be answered first. */
  async inspectFiles(
    params: EngineMethods['inspectFiles']['params'],
    task: Task = {},
  ): Promise<Inspection | Extract<FilesResult, { kind: 'question' }>> {
    const opened = await openFiles(params.files, {
      roles: params.roles,
      mechanism: params.mechanism,
      signal: task.signal,
    });
    if (opened.kind === 'question') return opened;
    let preparation: TensorPreparation;
    try {
      preparation = new TensorPreparation(opened.inputs, this.runtime);
    } catch (error) {
      await opened.inputs.close?.();
      throw error;
    }
    try {
      return await this.open(preparation, { parameters: params.parameters ?? {} }, task);
    } catch (error) {
      // The sentence says what does not fit; the files' names say where.
      throw nameFiles(error, opened.inputs.title);
    }
  }

  /** @throws Error when it was closed, or lost with an engine process. */
  inspection(id: string): Inspection {
    const found = this.inspections.get(id);
    if (found === undefined) throw new UnknownInspection('This inspection is no longer open.');
    return found;
  }

  /** Runs an inspection's input again beside it, once for each set of changes; the variants of before go. */
  async compare(
    { inspection, variants }: EngineMethods['compare']['params'],
    task: Task = {},
  ): Promise<Variant[]> {
    const base = this.inspection(inspection);
    if (variants.length > mostVariants) {
      throw new RangeError(
        `At most ${mostVariants} variants stand beside an inspection, not ${variants.length}.`,
      );
    }
    await this.closeVariants(inspection);
    const results: Variant[] = [];
    const opened: string[] = [];
    this.variants.set(inspection, opened);
    for (const [at, parameters] of variants.entries()) {
      try {
        const variant = await base.variant(`${inspection}-${this.next++}`, parameters, {
          ...task,
          progress: (message) => task.progress?.(message, at / variants.length),
        });
        // Closed, or compared anew, in the meantime: nobody would close this one.
        if (this.variants.get(inspection) !== opened)
          throw new UnknownInspection('This comparison is no longer open.');
        this.inspections.set(variant.id, variant);
        opened.push(variant.id);
        results.push({ kind: 'variant', summary: variant.summary });
      } catch (error) {
        task.signal?.throwIfAborted();
        if (error instanceof UnknownInspection) throw error;
        results.push({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
      }
    }
    return results;
  }

  async close(id: string): Promise<void> {
    const found = this.inspections.get(id);
    this.inspections.delete(id);
    await this.closeVariants(id);
    await found?.dispose();
  }

  private async closeVariants(id: string): Promise<void> {
    const variants = this.variants.get(id) ?? [];
    this.variants.delete(id);
    await Promise.all(variants.map((each) => this.close(each)));
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.inspections.keys()].map((id) => this.close(id)));
    await this.models.dispose();
    await this.exports.dispose();
    await this.runtime.dispose();
  }

  /** The protocol's methods, answered by this engine. */
  handlers(): Handlers<EngineMethods> {
    const at = (id: string): Inspection => this.inspection(id);
    const summary = async (opening: Promise<Inspection>): Promise<InspectionSummary> =>
      (await opening).summary;
    return {
      inspectText: (params, call) => summary(this.inspectText(params, taskOf(call))),
      inspectTensors: (params, call) => summary(this.inspectTensors(params, taskOf(call))),
      inspectFiles: async (params, call) => {
        const result = await this.inspectFiles(params, taskOf(call));
        return result instanceof Inspection ? { kind: 'inspection', summary: result.summary } : result;
      },
      change: async ({ inspection, parameters }, call) => {
        const summary = await at(inspection).change(parameters, taskOf(call));
        // They were variants of what it was before.
        await this.closeVariants(inspection);
        return summary;
      },
      slice: (params, call) => at(params.inspection).slice(params, taskOf(call)),
      arithmetic: (params) => at(params.inspection).arithmetic(params),
      thumbnails: ({ inspection, size, layers }, call) =>
        at(inspection).thumbnails(size, taskOf(call), layers),
      metrics: (params, call) => at(params.inspection).metrics(params, taskOf(call)),
      code: ({ inspection, language, layer }) => at(inspection).code(language, layer),
      compare: (params, call) => this.compare(params, taskOf(call)),
      plot: (params, call) => at(params.inspection).plot(params, taskOf(call)),
      continue: async (params, call) => {
        const continuation = await at(params.inspection).continue(params, taskOf(call));
        await this.closeVariants(params.inspection);
        return continuation;
      },
      halt: ({ inspection }) => {
        at(inspection).halt();
        return null;
      },
      candidates: (params, call) => at(params.inspection).candidates(params, taskOf(call)),
      modelPage: ({ model }) => this.modelPage(model),
      modelLayer: ({ model, ...place }) => this.modelLayer(model, place),
      close: async ({ inspection }) => {
        await this.close(inspection);
        return null;
      },
      models: ({ folders }) => findModels(folders, this.media),
      refusal: ({ name, config }) => refusal(name, config) ?? null,
      headKinds: (params, call) => this.headKinds(params, taskOf(call)),
      kindIdentity: async ({ model }) => (isProbed(model) ? await this.identity(model) : null),
      mechanisms: () => mechanisms.map(({ id, title, source }) => ({ id, title, source })),
      memory: () => {
        const { rss, maxRSS } = { ...process.memoryUsage(), ...process.resourceUsage() };
        return { resident: rss, peak: maxRSS * 1024 };
      },
    };
  }

  private async open(preparation: Preparation, beginning: Beginning, task: Task): Promise<Inspection> {
    const id = `${process.pid}-${this.next++}`;
    const inspection = await Inspection.open(id, preparation, this.runtime, beginning, task);
    this.inspections.set(id, inspection);
    return inspection;
  }
}

/** The model whose words a mechanism runs on: date models and exports have none that can be told, and it says so. */
function withWords(model: ModelReference): Exclude<ModelReference, { kind: 'dates' }> {
  return model.kind === 'dates' || exportPath(model) !== undefined ? { kind: 'embedded' } : model;
}

/** An inspection that is not (or no longer) in this process. */
export class UnknownInspection extends Error {
  override readonly name = 'UnknownInspection';
}

function taskOf(call: Call): Task {
  return {
    signal: call.signal,
    progress: (message, fraction) => {
      call.progress({ message, fraction });
    },
  };
}

function nameFiles(error: unknown, title: string): Error {
  if (!(error instanceof Error)) return new Error(`${title}: ${String(error)}`);
  if (error.message.includes(title) || error.name === 'AbortError') return error;
  const named = new Error(`${title}: ${error.message}`, { cause: error });
  named.name = error.name;
  return named;
}

import { reasonOf } from '../../common/values.js';
import type { Call, Handlers } from '../../channel.js';
import { mechanisms } from '../../engine/mechanisms/index.js';
import type {
  EngineMethods,
  HeadTypes,
  LayerPicture,
  ModelPage,
  ModelReference,
  OpenRequest,
  RoleQuestion,
  Variant,
} from '../../protocol.js';
import {
  describeExport as describeOnnx,
  descriptionOf,
  ModelError,
  refusal,
  type OpenModel,
  Model,
} from '../../models/index.js';
import type { Platform } from '../../platform/platform.js';
import { Runtime } from '../../runtime/session.js';
import { describeExporters } from '../exports/index.js';
import { RunningExports } from '../exports/running.js';
import { openSource } from '../sources/index.js';
import { ExportPool } from '../sources/onnx/open-export.js';
import { isProbed, probe, probed } from '../views/head-types/index.js';
import { describeExport, describePage, layerPicture } from '../views/model-page/index.js';
import { Inspection } from './inspection.js';
import { exportPath, findModels, ModelPool } from './models.js';
import type { SourceContext } from './source.js';
import type { Task } from './task.js';

/** The most variants of one inspection. */
const mostVariants = 8;

/** Everything that is open, over one runtime. */
export class Engine {
  private readonly runtime: Runtime;
  private readonly models: ModelPool;
  private readonly exports: ExportPool;
  private readonly context: SourceContext;
  private readonly inspections = new Map<string, Inspection>();
  /** Inspection → its variants. */
  private readonly variants = new Map<string, string[]>();
  private readonly running = new RunningExports();
  private next = 1;

  /**
   * @param platform where it runs
   * @param media the folder that holds the embedded models
   * @param weights how many bytes of weights are held at once, as float32; the runtime's own where left out
   */
  constructor(
    private readonly platform: Platform,
    private readonly media: string,
    weights?: number,
  ) {
    this.runtime = new Runtime(platform, weights === undefined ? {} : { bytes: weights });
    this.models = new ModelPool(platform, media);
    this.exports = new ExportPool(platform);
    const { runtime, models, exports } = this;
    this.context = { platform, runtime, models, exports, media };
  }

  /**
   * Opens what is brought, or says what has to be answered first.
   * @throws with a sentence for people where it cannot be read
   */
  async open(request: OpenRequest, task: Task = {}): Promise<Inspection | RoleQuestion> {
    const opened = await openSource(request, this.context, task);
    if (opened.kind === 'question') return opened.question;
    const { preparation, by, continuation } = opened;
    const id = `${this.platform.instance}-${this.next++}`;
    const { parameters = {}, interventions } = request;
    const beginning = { parameters, interventions, by, continuation };
    const inspection = await Inspection.open(id, preparation, this.runtime, beginning, task);
    this.inspections.set(id, inspection);
    return inspection;
  }

  /** What a model is made of. @throws ModelError where it cannot be read */
  async modelPage(reference: ModelReference): Promise<ModelPage> {
    const path = exportPath(reference);
    if (path !== undefined) {
      const { opened, release } = await this.exports.acquire(path);
      try {
        return await describeExport(opened.model, describeOnnx(path, opened.model));
      } finally {
        await release();
      }
    }
    return this.withModel(reference, (model, folder) =>
      describePage(this.platform, model, descriptionOf(model, reference), folder),
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
    use: (model: OpenModel, folder: string) => Result | Promise<Result>,
  ): Promise<Result> {
    if (reference.kind === 'dates') {
      throw new ModelError('A date model has no page: what it computes is shown when a date is inspected.');
    }
    const { model, release } = await this.models.acquireAny(reference);
    try {
      return await use(model, this.models.folderOf(reference));
    } finally {
      await release();
    }
  }

  /** @throws Error for a model whose heads are not probed, and what a run throws */
  async headTypes({ model }: EngineMethods['headTypes']['params'], task: Task = {}): Promise<HeadTypes> {
    const reference = probed(model);
    const identity = await this.models.identity(reference);
    return probe(() => this.models.acquire(reference), identity, this.runtime, task);
  }

  /** Null of a model whose heads are not probed: they are told over a text. */
  private async headTypesIdentity(model: ModelReference): Promise<string | null> {
    if (!isProbed(model)) return null;
    const identity = await this.models.identity(model);
    const readsText = await this.withModel(model, (opened) => opened instanceof Model).catch(
      // Why it cannot be opened is said where it is asked to be.
      () => true,
    );
    return readsText ? identity : null;
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
        results.push({ kind: 'failed', message: reasonOf(error) });
      }
    }
    return results;
  }

  async close(id: string): Promise<void> {
    const found = this.inspections.get(id);
    this.inspections.delete(id);
    await this.running.closeOf(id);
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
    return {
      open: async (request, call) => {
        const opened = await this.open(request, taskOf(call));
        return opened instanceof Inspection
          ? { kind: 'inspection', summary: opened.summary }
          : { kind: 'question', question: opened };
      },
      change: async ({ inspection, parameters, interventions }, call) => {
        const summary = await at(inspection).change(parameters, taskOf(call), interventions);
        // They were variants of what it was before.
        await this.closeVariants(inspection);
        return summary;
      },
      slice: (params, call) => at(params.inspection).slice(params, taskOf(call)),
      arithmetic: (params) => at(params.inspection).arithmetic(params),
      thumbnails: ({ inspection, size, layers }, call) =>
        at(inspection).thumbnails(size, taskOf(call), layers),
      findings: (params, call) => at(params.inspection).findings(params, taskOf(call)),
      metrics: (params, call) => at(params.inspection).metrics(params, taskOf(call)),
      code: ({ inspection, ...request }) => at(inspection).code(request),
      exporters: ({ inspection }) => describeExporters(at(inspection).summary),
      exportFiles: ({ inspection, ...request }) => at(inspection).export(request).files,
      exportStart: ({ inspection, ...request }) =>
        this.running.start(inspection, at(inspection).export(request)),
      exportRead: ({ id }, { signal }) => this.running.read(id, signal),
      exportClose: async ({ id }) => {
        await this.running.close(id);
        return null;
      },
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
      rollout: (params, call) => at(params.inspection).rollout(params, taskOf(call)),
      candidates: (params, call) => at(params.inspection).candidates(params, taskOf(call)),
      tellingHead: async ({ inspection }, call) => (await at(inspection).tellingHead(taskOf(call))) ?? null,
      classes: (params) => at(params.inspection).classes(params),
      preview: (params) => at(params.inspection).preview(params),
      modelPage: ({ model }) => this.modelPage(model),
      modelLayer: ({ model, ...place }) => this.modelLayer(model, place),
      close: async ({ inspection }) => {
        await this.close(inspection);
        return null;
      },
      models: ({ folders }) => findModels(this.platform, folders, this.media),
      refusal: ({ name, config, files, headers }) => refusal(name, config, files, headers) ?? null,
      headTypes: (params, call) => this.headTypes(params, taskOf(call)),
      headTypesIdentity: ({ model }) => this.headTypesIdentity(model),
      mechanisms: () => mechanisms.map(({ id, title, source }) => ({ id, title, source })),
      memory: () => {
        const memory = this.platform.memory();
        if (memory !== undefined) return memory;
        throw new Error(`How much memory the engine takes cannot be told in ${this.platform.name}.`);
      },
    };
  }
}

/** An inspection that is not (or no longer) in this process. */
export class UnknownInspection extends Error {
  override readonly name = 'UnknownInspection';
}

function taskOf(call: Call): Task {
  return {
    signal: call.signal,
    progress: (message, fraction, text) => {
      call.progress({ message, fraction, ...(text === undefined ? {} : { text }) });
    },
  };
}

import { createLibrary, RolesNeeded } from '../library/index.js';
import type { Answering, Asked, ExportedBytes, InspectOptions } from '../library/index.js';
import type { ExportRequest, Material, OpenRequest } from '../protocol.js';
import { nodePlatform } from '../platform/node.js';
import { modelAt } from '../models/index.js';
import { Engine } from './core/engine.js';
import { Inspection } from './core/inspection.js';
import { describeExporters } from './exports/index.js';

/** What plain Node may say besides. */
export interface NodeOptions {
  /** The folder that holds the embedded models, where it is not beside this file's own folder. */
  readonly media?: string;
}

/**
 * Attention in plain Node: no VS Code, no webview. Files are given by their paths.
 *
 * @example
 * const inspection = await inspectTensors({ Q, K, V }, { params: { causal: 'on' } });
 * const { shape, data } = await inspection.slice('weights');
 * await inspection.dispose();
 */
export const { inspectText, inspectImage, inspectAudio, inspectTensors, inspectFiles, explainMismatch } =
  createLibrary<string, NodeOptions>(open, {
    fits: (value) => typeof value === 'string' && value !== '',
    called: 'a path',
  });

/** Inspections share one engine, which goes when the last of them is disposed of. */
const shared = new Map<string, { readonly engine: Engine; users: number }>();

async function open(asked: Asked<string>, options: InspectOptions & NodeOptions): Promise<Answering> {
  const platform = nodePlatform();
  const media = options.media ?? platform.paths.join(__dirname, '..', 'media');
  const user = shared.get(media) ?? { engine: new Engine(platform, media), users: 0 };
  shared.set(media, user);
  user.users++;
  const leave = async (): Promise<void> => {
    user.users--;
    if (user.users > 0) return;
    shared.delete(media);
    await user.engine.dispose();
  };
  try {
    const task = options.signal === undefined ? {} : { signal: options.signal };
    const result = await user.engine.open(requestOf(asked, options), task);
    if (!(result instanceof Inspection)) throw new RolesNeeded(result);
    return answering(result, () => user.engine.close(result.id).then(leave));
  } catch (error) {
    await leave();
    throw error;
  }
}

function requestOf(asked: Asked<string>, { params, interventions }: InspectOptions): OpenRequest {
  const by = asked.mechanism === undefined ? {} : { mechanism: asked.mechanism };
  const setting = {
    ...(params === undefined ? {} : { parameters: params }),
    ...(interventions === undefined ? {} : { interventions }),
  };
  if (asked.kind === 'text' || 'file' in asked) {
    const { model } = asked;
    const reference = typeof model === 'string' ? modelAt(model) : model;
    const reader = reference === undefined ? by : { ...by, model: reference };
    return { material: readMaterial(asked), by: reader, ...setting };
  }
  return { material: materialOf(asked), by, ...setting };
}

function readMaterial(asked: Extract<Asked<string>, { kind: 'audio' | 'image' | 'text' }>): Material {
  if (asked.kind === 'text') return { kind: 'text', texts: asked.texts };
  const { kind, file, text } = asked;
  return { kind, file: { kind: 'path', path: file }, ...(text === undefined ? {} : { text }) };
}

function materialOf(asked: Exclude<Asked<string>, { kind: 'audio' | 'image' | 'text' }>): Material {
  if (asked.kind === 'tensors') return { kind: 'tensors', tensors: asked.tensors };
  const { files, roles } = asked;
  return {
    kind: 'files',
    files: files.map((path) => ({ kind: 'path', path })),
    ...(roles === undefined ? {} : { roles }),
  };
}

async function* exported(
  inspection: Inspection,
  request: Omit<ExportRequest, 'inspection'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExportedBytes> {
  const open = inspection.export(request);
  try {
    for (let next = await open.read(signal); next !== null; next = await open.read(signal)) {
      yield { file: open.files[next.file]?.name ?? request.name, bytes: next.bytes };
    }
  } finally {
    await open.close();
  }
}

/** An inspection as the library asks it. */
function answering(inspection: Inspection, dispose: () => Promise<void>): Answering {
  const { id } = inspection;
  return {
    get summary() {
      return inspection.summary;
    },
    slice: (request, signal) =>
      inspection.slice({ ...request, inspection: id }, signal === undefined ? {} : { signal }),
    arithmetic: (cell) => inspection.arithmetic({ ...cell, inspection: id }),
    metrics: (place) => inspection.metrics(place),
    findings: async (place) => inspection.findings(place),
    plot: (request) => inspection.plot(request),
    // Whatever goes wrong rejects, as it does where an engine's process answers.
    code: async (request) => Promise.resolve(inspection.code(request)),
    exporters: () => Promise.resolve(describeExporters(inspection.summary)),
    export: (request, signal) => exported(inspection, request, signal),
    continue: (request, { signal, onProgress }) =>
      inspection.continue(
        { ...request, inspection: id },
        {
          ...(signal === undefined ? {} : { signal }),
          ...(onProgress === undefined
            ? {}
            : {
                progress: (_message, _fraction, text) => {
                  onProgress(text === undefined ? {} : { text });
                },
              }),
        },
      ),
    candidates: (request) => inspection.candidates({ ...request, inspection: id }),
    // As above: what cannot be shown rejects.
    classes: async (request) => Promise.resolve(inspection.classes(request)),
    preview: async (request) => Promise.resolve(inspection.preview(request)),
    alignment: async (signal) => inspection.sound.alignment(signal === undefined ? {} : { signal }),
    rankHeads: async (signal) => inspection.sound.rankHeads(signal === undefined ? {} : { signal }),
    waveform: async (request, signal) =>
      inspection.sound.waveform(request, signal === undefined ? {} : { signal }),
    spectrogram: async (request) => Promise.resolve(inspection.sound.spectrogram(request)),
    samples: async (request) => inspection.sound.samples(request),
    change: (params, { interventions, signal }) =>
      inspection.change(params, signal === undefined ? {} : { signal }, interventions),
    dispose,
  };
}

export { RolesNeeded } from '../library/index.js';
export type {
  CellIndex,
  ChangeOptions,
  ContinueOptions,
  ExplainedInspection,
  ExportedBytes,
  ExportOptions,
  GivenMismatch,
  HeadPlace,
  InspectAudioOptions,
  InspectFilesOptions,
  InspectImageOptions,
  InspectOptions,
  InspectTensorsOptions,
  InspectTextOptions,
  OpenInspection,
  PreviewOptions,
  SliceOptions,
} from '../library/index.js';
export type { AskOptions, PartOptions, SoundInspection } from '../library/sound.js';
export type {
  Alignment,
  Arithmetic,
  Candidates,
  Classes,
  CodeLanguage,
  ComparedStep,
  ContinueResult,
  Diagnosis,
  Explanation,
  ExporterDescription,
  ExportScope,
  Finding,
  HeadRank,
  InspectionSummary,
  Intervention,
  InterventionValue,
  Metric,
  ModelReference,
  ParameterValues,
  Plot,
  Preview,
  RoleQuestion,
  Samples,
  Sampling,
  Slice,
  Span,
  Spectrogram,
  Step,
  Waveform,
} from '../protocol.js';

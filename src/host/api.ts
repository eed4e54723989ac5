import { Uri } from 'vscode';
import { createLibrary, RolesNeeded } from '../library/index.js';
import type { Answering, Asked, ExportedBytes, InspectOptions, Library } from '../library/index.js';
import type { ExportRequest } from '../protocol.js';
import { modelAt } from './models/model-path.js';
import type { EngineClient } from './transports/client.js';
import { createSession } from './session/create.js';
import type { Session } from './session/session.js';
import type { InspectionRequest } from './session/request.js';
import { chosenModel } from './base/settings.js';

/** A file by its address, or by its path on this machine's disk. */
export type GivenFile = Uri | string;

/** What `activate()` gives to other extensions. Everything runs in the engine's own process. */
export interface AttentionInspectorApi extends Library<GivenFile, object> {
  /** For diagnostics and benchmarks. */
  readonly engine: {
    /** Undefined while no process runs. */
    readonly processId: number | undefined;
    /** Bytes, as the process itself sees them. */
    memory(): Promise<{ readonly resident: number; readonly peak: number }>;
  };
}

export function createApi(engine: EngineClient): AttentionInspectorApi {
  const open = async (
    asked: Asked<GivenFile>,
    { params, interventions, signal }: InspectOptions,
  ): Promise<Answering> => {
    const session = createSession(engine, await requestOf(asked), {
      ...(params === undefined ? {} : { parameters: params }),
      ...(interventions === undefined ? {} : { interventions }),
      ask: (question) => Promise.reject(new RolesNeeded(question)),
    });
    try {
      await session.ready(signal);
    } catch (error) {
      session.dispose();
      throw error;
    }
    return answering(session);
  };
  return {
    ...createLibrary(open, {
      fits: (value) => value instanceof Uri || (typeof value === 'string' && value !== ''),
      called: 'a Uri or a path',
    }),
    engine: {
      get processId() {
        return engine.processId;
      },
      memory: () => engine.request('memory', null),
    },
  };
}

async function requestOf(asked: Asked<GivenFile>): Promise<InspectionRequest> {
  if (asked.kind === 'tensors') return asked;
  if (asked.kind === 'text') {
    const { model } = asked;
    const reference = typeof model === 'string' ? modelAt(model) : (model ?? (await chosenModel()));
    return { ...asked, model: reference };
  }
  if ('file' in asked) {
    const { file, model, ...rest } = asked;
    const reference = typeof model === 'string' ? modelAt(model) : (model ?? (await chosenModel(asked.kind)));
    return { ...rest, uri: addressOf(file), model: reference };
  }
  const { files, ...rest } = asked;
  return { ...rest, uris: files.map(addressOf) };
}

function addressOf(file: GivenFile): string {
  return (typeof file === 'string' ? Uri.file(file) : file).toString();
}

async function* exported(
  session: Session,
  request: Omit<ExportRequest, 'inspection'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExportedBytes> {
  const { files, chunks } = await session.export(request, signal);
  for await (const { file, bytes } of chunks) yield { file: files[file]?.name ?? request.name, bytes };
}

/** A session as the library asks it. */
function answering(session: Session): Answering {
  return {
    get summary() {
      if (session.summary === undefined) throw new Error(`“${session.label}” has not run.`);
      return session.summary;
    },
    slice: (request, signal) => session.ask('slice', request, signal === undefined ? {} : { signal }),
    arithmetic: (cell) => session.ask('arithmetic', cell),
    metrics: (place) => session.ask('metrics', place),
    findings: (place) => session.ask('findings', place),
    plot: (request) => session.ask('plot', request),
    code: (request) => session.code(request),
    exporters: () => session.exporters(),
    export: (request, signal) => exported(session, request, signal),
    continue: (request, options) => session.continue(request, options),
    candidates: (request) => session.ask('candidates', request),
    classes: (request) => session.ask('classes', request),
    preview: (request) => session.ask('preview', request),
    alignment: (signal) => session.ask('alignment', {}, signal === undefined ? {} : { signal }),
    rankHeads: (signal) => session.ask('rankHeads', {}, signal === undefined ? {} : { signal }),
    waveform: (request, signal) => session.ask('waveform', request, signal === undefined ? {} : { signal }),
    spectrogram: (request) => session.ask('spectrogram', request),
    samples: (request) => session.ask('samples', request),
    change: (params, options) => session.change(params, options),
    dispose: () => {
      session.dispose();
      return Promise.resolve();
    },
  };
}

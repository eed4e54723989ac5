import type { RequestOptions } from '../../channel.js';
import { CancelledError } from '../../channel.js';
import type { InspectionSummary, ParameterValues, RoleQuestion, Continuation } from '../../protocol.js';
import type { Engine } from '../transports/client.js';
import { referenceTo } from '../base/files.js';
import type { FilesRequest, InspectionRequest } from './request.js';

export interface AskOptions extends RequestOptions {
  readonly signal: AbortSignal;
  /** Tells which tensor has which role where neither name nor shape does. @throws CancelledError */
  readonly roles: (question: RoleQuestion) => Promise<Readonly<Record<string, string>>>;
  /** What the model said before, which is to be there again. */
  readonly continuation?: Continuation | undefined;
}

/** What came of a request, and the request with what was told meanwhile. */
export interface Answered {
  readonly asked: InspectionRequest;
  readonly summary: InspectionSummary;
}

/** Has the engine run what is asked; the user is asked for roles as often as it takes. */
export async function ask(
  engine: Engine,
  asked: InspectionRequest,
  parameters: ParameterValues,
  { roles, continuation, ...options }: AskOptions,
): Promise<Answered> {
  switch (asked.kind) {
    case 'text': {
      const { kind: _, origin: __, ...text } = asked;
      const params = { ...text, parameters, ...(continuation === undefined ? {} : { continuation }) };
      return { asked, summary: await engine.request('inspectText', params, options) };
    }
    case 'tensors': {
      const { kind: _, ...tensors } = asked;
      return { asked, summary: await engine.request('inspectTensors', { ...tensors, parameters }, options) };
    }
    case 'files':
      return askForFiles(engine, asked, parameters, { roles, ...options });
  }
}

async function askForFiles(
  engine: Engine,
  asked: FilesRequest,
  parameters: ParameterValues,
  { roles, ...options }: AskOptions,
): Promise<Answered> {
  const files = await Promise.all(asked.uris.map((uri) => referenceTo(uri)));
  if (options.signal.aborted) throw new CancelledError();
  const { kind: _, uris: __, ...told } = asked;
  const result = await engine.request('inspectFiles', { files, ...told, parameters }, options);
  if (result.kind === 'inspection') return { asked, summary: result.summary };
  return askForFiles(engine, { ...asked, roles: await roles(result.question) }, parameters, {
    roles,
    ...options,
  });
}

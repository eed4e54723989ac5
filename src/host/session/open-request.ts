import type { RequestOptions } from '../../channel.js';
import { CancelledError } from '../../channel.js';
import type {
  Continuation,
  InspectionSummary,
  Intervention,
  OpenRequest,
  ParameterValues,
  ReadBy,
  RoleQuestion,
} from '../../protocol.js';
import { referenceTo } from '../base/files.js';
import type { InspectionRequest } from './request.js';
import type { RoleAnswer, SessionEngine } from './session-options.js';

export interface OpenOptions extends RequestOptions {
  readonly signal: AbortSignal;
  /** Tells which tensor has which role, and how axes lie, where neither name nor shape does. @throws CancelledError */
  readonly roles: (question: RoleQuestion) => Promise<RoleAnswer>;
  /** Steps that are set from outside while it runs. */
  readonly interventions?: readonly Intervention[];
  /** What the model wrote before, which is to be there again. */
  readonly continuation?: Continuation | undefined;
}

export interface Opened {
  /** What was requested, with the roles that the user has told. */
  readonly request: InspectionRequest;
  /** Parameters that the user was asked for; left out where none were. */
  readonly answered?: ParameterValues;
  readonly summary: InspectionSummary;
}

/** Has the engine open what is requested, and asks the user for roles until nothing is unclear. */
export async function openInEngine(
  engine: SessionEngine,
  request: InspectionRequest,
  parameters: ParameterValues,
  options: OpenOptions,
): Promise<Opened> {
  const { roles, interventions, continuation, ...rest } = options;
  const opening = await openRequestOf(request, engine);
  if (options.signal.aborted) throw new CancelledError();
  const params = {
    ...opening,
    parameters,
    ...(interventions === undefined ? {} : { interventions }),
    ...(continuation === undefined ? {} : { continuation }),
  };
  const result = await engine.request('open', params, rest);
  if (result.kind === 'inspection') return { request, summary: result.summary };
  if (request.kind !== 'files') throw new Error(result.question.reason);
  const answer = await roles(result.question);
  const complete = { ...request, roles: answer.roles };
  const opened = await openInEngine(engine, complete, { ...parameters, ...answer.parameters }, options);
  return { ...opened, answered: { ...answer.parameters, ...opened.answered } };
}

/** What the engine is asked to open. */
async function openRequestOf(request: InspectionRequest, engine: SessionEngine): Promise<OpenRequest> {
  switch (request.kind) {
    case 'text': {
      const { texts, model } = request;
      return { material: { kind: 'text', texts }, by: { ...mechanismOf(request), model } };
    }
    case 'audio':
    case 'image': {
      const { kind, uri, text, model } = request;
      const file = await referenceTo(uri, await engine.sharesDisk());
      return { material: { kind, file, ...(text === undefined ? {} : { text }) }, by: { model } };
    }
    case 'tensors':
      return { material: { kind: 'tensors', tensors: request.tensors }, by: mechanismOf(request) };
    case 'files': {
      const { uris, roles } = request;
      const sharesDisk = await engine.sharesDisk();
      const files = await Promise.all(uris.map((uri) => referenceTo(uri, sharesDisk)));
      return {
        material: { kind: 'files', files, ...(roles === undefined ? {} : { roles }) },
        by: mechanismOf(request),
      };
    }
  }
}

function mechanismOf({ mechanism }: { readonly mechanism?: string }): Pick<ReadBy, 'mechanism'> {
  return mechanism === undefined ? {} : { mechanism };
}

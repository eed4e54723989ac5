import type { RequestOptions } from '../../channel.js';
import { CancelledError } from '../../channel.js';
import type {
  Continuation,
  InspectionSummary,
  Intervention,
  OpenRequest,
  ParameterValues,
  RoleQuestion,
} from '../../protocol.js';
import { referenceTo } from '../base/files.js';
import type { InspectionRequest } from './request.js';
import type { SessionEngine } from './session.js';

export interface AskOptions extends RequestOptions {
  readonly signal: AbortSignal;
  /** Tells which tensor has which role where neither name nor shape does. @throws CancelledError */
  readonly roles: (question: RoleQuestion) => Promise<Readonly<Record<string, string>>>;
  /** Steps that are set from outside while it runs. */
  readonly interventions?: readonly Intervention[];
  /** What the model wrote before, which is to be there again. */
  readonly continuation?: Continuation | undefined;
}

/** What came of a request, and the request with what was told meanwhile. */
export interface Answered {
  readonly asked: InspectionRequest;
  readonly summary: InspectionSummary;
}

/** Has the engine run what is asked; the user is asked for roles as often as it takes. */
export async function ask(
  engine: SessionEngine,
  asked: InspectionRequest,
  parameters: ParameterValues,
  { roles, interventions, continuation, ...options }: AskOptions,
): Promise<Answered> {
  const opened = await openRequestOf(asked, engine);
  if (options.signal.aborted) throw new CancelledError();
  const request = {
    ...opened,
    parameters,
    ...(interventions === undefined ? {} : { interventions }),
    ...(continuation === undefined ? {} : { continuation }),
  };
  const result = await engine.request('open', request, options);
  if (result.kind === 'inspection') return { asked, summary: result.summary };
  if (asked.kind !== 'files') throw new Error(result.question.reason);
  const told = { ...asked, roles: await roles(result.question) };
  const again = {
    roles,
    continuation,
    ...(interventions === undefined ? {} : { interventions }),
    ...options,
  };
  return ask(engine, told, parameters, again);
}

/** What the engine is asked to open. */
async function openRequestOf(asked: InspectionRequest, engine: SessionEngine): Promise<OpenRequest> {
  const by = asked.mechanism === undefined ? {} : { mechanism: asked.mechanism };
  switch (asked.kind) {
    case 'text': {
      const { texts, model } = asked;
      return { material: { kind: 'text', texts }, by: { ...by, model } };
    }
    case 'tensors':
      return { material: { kind: 'tensors', tensors: asked.tensors }, by };
    case 'files': {
      const { uris, roles } = asked;
      const sharesDisk = await engine.sharesDisk();
      const files = await Promise.all(uris.map((uri) => referenceTo(uri, sharesDisk)));
      return { material: { kind: 'files', files, ...(roles === undefined ? {} : { roles }) }, by };
    }
  }
}

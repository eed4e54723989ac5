import type {
  Continuation,
  EngineMethods,
  Intervention,
  ParameterValues,
  Position,
  RoleQuestion,
} from '../../protocol.js';
import type { EngineClient } from '../transports/client.js';
import type { Opened, OpenOptions } from './open-request.js';
import type { InspectionRequest } from './request.js';

/** What a session needs of the engine's client. */
export type SessionEngine = Pick<
  EngineClient,
  'generation' | 'hold' | 'processId' | 'request' | 'sharesDisk'
>;

/** What the user says to a question about tensors. */
export interface RoleAnswer {
  /** Tensor key → role. */
  readonly roles: Readonly<Record<string, string>>;
  /** What was asked for besides. */
  readonly parameters: ParameterValues;
}

export interface SessionOptions {
  readonly id?: string;
  /** The first words of the text, or the names of the files. */
  readonly label: string;
  /** Has the engine open what is asked. */
  readonly open: (
    engine: SessionEngine,
    request: InspectionRequest,
    parameters: ParameterValues,
    options: OpenOptions,
  ) => Promise<Opened>;
  /** The sentence that an error carries. */
  readonly messageOf: (error: unknown) => string;
  /** When it was first asked for, in milliseconds since 1970; now where left out. */
  readonly time?: number;
  readonly parameters?: ParameterValues;
  /** Steps that are set from outside while it runs. They are not kept for another day. */
  readonly interventions?: readonly Intervention[];
  readonly position?: Position;
  /** Where no position is given, the head that tells most is looked at first, not the first one. */
  readonly seeks?: boolean;
  readonly continuation?: Continuation | undefined;
  /** Tells which tensor has which role, and how axes lie, where neither name nor shape does. @throws CancelledError */
  readonly ask: (question: RoleQuestion, signal: AbortSignal) => Promise<RoleAnswer>;
}

export interface ChangeOptions {
  /** In place of those that there are. */
  readonly interventions?: readonly Intervention[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How it is to run: what is left out stays as it is. */
export interface Setting {
  readonly parameters: ParameterValues;
  readonly interventions?: readonly Intervention[];
}

/** What views ask the engine about an inspection. */
export type Question =
  | 'slice'
  | 'arithmetic'
  | 'thumbnails'
  | 'findings'
  | 'metrics'
  | 'plot'
  | 'candidates'
  | 'rollout'
  | 'classes'
  | 'preview';

/** A question about this inspection, or about a variant of it whose id is named. */
export type Asking<M extends Question> = Omit<EngineMethods[M]['params'], 'inspection'> & {
  readonly inspection?: string;
};

import { isRecord } from '../../common/values.js';
import { dateScores } from '../../common/embedded-models.js';
import type {
  Ending,
  Material,
  ModelReference,
  ParameterValues,
  Position,
  Continuation,
  WireTensor,
} from '../../protocol.js';

/** Where inspected texts stand: a document, and the UTF-16 offsets of their first characters. */
export interface Origin {
  readonly document: string;
  /** Of each of the texts, all of which stand in this document. */
  readonly starts: readonly number[];
}

export interface TextRequest {
  readonly kind: 'text';
  readonly texts: Extract<Material, { kind: 'text' }>['texts'];
  readonly model: ModelReference;
  /** With a mechanism, the model gives only its embeddings. */
  readonly mechanism?: string;
  readonly origin?: Origin;
}

export interface FilesRequest {
  readonly kind: 'files';
  /** As strings, so that they can be remembered. */
  readonly uris: readonly string[];
  /** Tensor key → role, as the user told it. */
  readonly roles?: Readonly<Record<string, string>>;
  readonly mechanism?: string;
}

/** An image or a recording. */
export interface MediumRequest {
  readonly kind: 'audio' | 'image';
  readonly uri: string;
  /** What a model that writes is to have written; of a recording what is said in it. */
  readonly text?: string;
  /** Where that text stands. */
  readonly origin?: Origin;
  readonly model: ModelReference;
}

export interface TensorsRequest {
  readonly kind: 'tensors';
  readonly tensors: Readonly<Record<string, WireTensor>>;
  readonly mechanism?: string;
}

/** What was asked to be inspected: enough to do it again in another process or after a reload. */
export type InspectionRequest = TextRequest | MediumRequest | FilesRequest | TensorsRequest;

/** What is kept of an inspection when its panel closes or the window reloads: no results but what a model said. */
export interface Remembered {
  readonly id: string;
  readonly label: string;
  readonly request: InspectionRequest;
  readonly parameters: ParameterValues;
  readonly position: Position;
  readonly continuation?: Continuation;
  /** When it was first asked for, in milliseconds since 1970; left out by version 0.1. */
  readonly time?: number;
}

/** Longer texts are inspected, but not kept for another day. */
const longestRemembered = 100_000;

export function canBeRemembered(request: InspectionRequest): boolean {
  switch (request.kind) {
    case 'text':
      return request.texts.every(({ length }) => length <= longestRemembered);
    case 'audio':
    case 'image':
      return (request.text?.length ?? 0) <= longestRemembered;
    case 'files':
      return true;
    case 'tensors':
      return false;
  }
}

/** Reads what an earlier run of the extension wrote, or undefined where it is not of today's form. */
export function readRemembered(value: unknown): Remembered | undefined {
  if (!isRecord(value)) return undefined;
  const { id, label, parameters, time } = value;
  const request = readRequest(value['request']);
  if (typeof id !== 'string' || typeof label !== 'string' || request === undefined) return undefined;
  const continuation = readContinuation(value['continuation']);
  return {
    id,
    label,
    request,
    parameters: readParameters(parameters),
    position: readPosition(value['position']),
    ...(continuation === undefined ? {} : { continuation }),
    ...(typeof time === 'number' && Number.isFinite(time) ? { time } : {}),
  };
}

function readRequest(value: unknown): InspectionRequest | undefined {
  if (!isRecord(value)) return undefined;
  if (value['kind'] === 'text') {
    const texts = readTexts(value);
    const model = readModel(value['model']);
    if (texts === undefined || model === undefined) return undefined;
    const origin = readOrigin(value['origin']);
    const { mechanism } = value;
    return {
      kind: 'text',
      texts,
      model,
      ...(typeof mechanism === 'string' ? { mechanism } : {}),
      ...(origin === undefined ? {} : { origin }),
    };
  }
  if (value['kind'] === 'image' || value['kind'] === 'audio') {
    const { kind, uri, text } = value;
    const model = readModel(value['model']);
    const origin = readOrigin(value['origin']);
    if (typeof uri !== 'string' || model === undefined) return undefined;
    return {
      kind,
      uri,
      ...(typeof text === 'string' ? { text } : {}),
      ...(origin === undefined ? {} : { origin }),
      model,
    };
  }
  if (value['kind'] === 'files') {
    const { uris, roles, mechanism } = value;
    if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) return undefined;
    return {
      kind: 'files',
      uris,
      ...(isRecord(roles) ? { roles: stringsOf(roles) } : {}),
      ...(typeof mechanism === 'string' ? { mechanism } : {}),
    };
  }
  return undefined;
}

/** One text or two; version 0.1 wrote them as `text` and `second`. */
function readTexts(value: Record<string, unknown>): TextRequest['texts'] | undefined {
  const list: readonly unknown[] = Array.isArray(value['texts'])
    ? value['texts']
    : [value['text'], value['second']];
  const [first, second] = list;
  if (typeof first !== 'string') return undefined;
  return typeof second === 'string' ? [first, second] : [first];
}

/** A reference to a model; undefined for anything else. */
export function readModel(value: unknown): ModelReference | undefined {
  if (!isRecord(value)) return undefined;
  const { kind } = value;
  if (kind === 'embedded' || kind === 'gpt' || kind === 'scenes' || kind === 'numbers') return { kind };
  const { path } = value;
  if (value['kind'] === 'dates') {
    const score = dateScores.find((each) => each === value['score']);
    return score === undefined ? undefined : { kind: 'dates', score };
  }
  return (kind === 'folder' || kind === 'file') && typeof path === 'string' ? { kind, path } : undefined;
}

function readOrigin(value: unknown): Origin | undefined {
  if (!isRecord(value)) return undefined;
  const { document } = value;
  const list: readonly unknown[] = Array.isArray(value['starts'])
    ? value['starts']
    : [value['start'], value['second']];
  const starts = list.filter((start) => typeof start === 'number');
  return typeof document === 'string' && starts.length > 0 ? { document, starts } : undefined;
}

/** Layers, heads and steps that do not exist are mended when the inspection has run. */
function readPosition(value: unknown): Position {
  const { layer, head, step, cell } = isRecord(value) ? value : {};
  const { row, column } = isRecord(cell) ? cell : {};
  return {
    layer: typeof layer === 'number' ? layer : 0,
    head: typeof head === 'number' ? head : 0,
    step: typeof step === 'string' ? step : 'weights',
    ...(typeof row === 'number' && typeof column === 'number' ? { cell: { row, column } } : {}),
  };
}

/** How a continuation may have ended. */
export const endings: readonly Ending[] = ['length', 'end', 'limit', 'halted'];

function readContinuation(value: unknown): Continuation | undefined {
  if (!isRecord(value)) return undefined;
  const { ids, drawn, by } = value;
  const ending = endings.find((each) => each === value['ending']);
  const isToken = (id: unknown): id is number => Number.isInteger(id) && Number(id) >= 0;
  if (!Array.isArray(ids) || !ids.every(isToken) || ids.length === 0) return undefined;
  if (typeof by !== 'string' || ending === undefined) return undefined;
  return { ids, ending, drawn: drawn === true, by };
}

function readParameters(value: unknown): ParameterValues {
  if (!isRecord(value)) return {};
  const known = (entry: [string, unknown]): entry is [string, string | number] =>
    typeof entry[1] === 'string' || typeof entry[1] === 'number';
  return Object.fromEntries(Object.entries(value).filter(known));
}

function stringsOf(record: Record<string, unknown>): Record<string, string> {
  const known = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string';
  return Object.fromEntries(Object.entries(record).filter(known));
}

/** The model that read what was asked for; undefined where none did. */
export function modelOf(request: InspectionRequest): ModelReference | undefined {
  return 'model' in request ? request.model : undefined;
}

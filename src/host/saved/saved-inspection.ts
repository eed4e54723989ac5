import { isRecord } from '../../common/values.js';
import type { Continuation, Labels, ParameterValues, Position, Step } from '../../protocol.js';
import { axisNames } from '../../drawing/labels.js';
import { endings } from '../session/request.js';

/** What a file of a saved inspection holds. No results but the one matrix that was looked at. */
export interface SavedInspection {
  /** "all-MiniLM-L6-v2" */
  readonly title: string;
  readonly subtitle: string;
  readonly input: SavedInput;
  /** The model that read it; left out of tensors. */
  readonly model?: SavedModel;
  readonly mechanism?: string;
  readonly parameters: ParameterValues;
  readonly position: Position;
  readonly continuation?: SavedContinuation;
  /** What was looked at, to be seen where the model is not there; left out where it is too large. */
  readonly seen?: SeenMatrix;
}

export type SavedInput =
  | { readonly kind: 'text'; readonly texts: readonly [string] | readonly [string, string] }
  | { readonly kind: 'audio' | 'image'; readonly file: SavedFile; readonly text?: string }
  | {
      readonly kind: 'files';
      readonly files: readonly SavedFile[];
      readonly roles?: Readonly<Record<string, string>>;
    };

/** A file beside the saved inspection. */
export interface SavedFile {
  /** From the folder of the saved inspection, with "/" between names. */
  readonly path: string;
  /** SHA-256 of its contents, in hexadecimal. */
  readonly sha256: string;
}

export interface SavedModel {
  readonly name: string;
  /** Of the contents of all its files. */
  readonly digest: string;
}

/** What the model had written; who wrote it is the model. */
export type SavedContinuation = Omit<Continuation, 'by'>;

/** The matrix that was looked at, with what is written around it. */
export interface SeenMatrix {
  readonly step: Pick<Step, 'columns' | 'name' | 'perHead' | 'rows' | 'scale' | 'title'>;
  readonly layers: number;
  readonly heads: number;
  readonly queries: Pick<Labels, 'count' | 'words'>;
  readonly keys: Pick<Labels, 'count' | 'words'>;
  /** Row-major, NaN where masked. // (row, column) */
  readonly data: Float32Array;
  readonly emptyRows: readonly number[];
}

export const savedFormat = 'attention-inspector/inspection';
export const savedVersion = 1;

/** Larger files are not saved inspections. */
export const mostSavedBytes = 32 * 2 ** 20;
/** A matrix of more cells is not kept. */
export const mostSeenCells = 16_384;

/** A saved inspection that cannot be read; its message says where it is wrong. */
export class SavedInspectionError extends Error {
  override readonly name = 'SavedInspectionError';
}

/** The file of a saved inspection, as people may read it. */
export function writeSaved(saved: SavedInspection): string {
  const { seen, ...rest } = saved;
  const kept = seen === undefined ? {} : { seen: { ...seen, data: toBase64(seen.data) } };
  return `${JSON.stringify({ format: savedFormat, version: savedVersion, ...rest, ...kept }, null, 2)}\n`;
}

/**
 * Reads a file of a saved inspection. Whoever wrote it is not trusted: every field is looked at.
 * @throws SavedInspectionError with the field that is wrong and what it should be
 */
export function readSaved(text: string): SavedInspection {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw new SavedInspectionError('The file is not JSON, so it holds no saved inspection.');
  }
  if (!isRecord(value) || value['format'] !== savedFormat)
    throw new SavedInspectionError(
      `The file is no saved inspection: its “format” should be “${savedFormat}”.`,
    );
  if (value['version'] !== savedVersion) {
    const version = JSON.stringify(value['version'] ?? null).slice(0, 40);
    throw new SavedInspectionError(
      `The inspection was saved in version ${version} of the format; this extension reads version ${savedVersion}. Update the extension, or save it anew.`,
    );
  }
  const input = inputOf(object(value, 'input'));
  const model = value['model'] === undefined ? undefined : modelOf(object(value, 'model'));
  if (model === undefined && input.kind !== 'files') throw wrong('model', 'the model that read the input');
  const continuation =
    value['continuation'] === undefined ? undefined : continuationOf(object(value, 'continuation'));
  const seen = value['seen'] === undefined ? undefined : seenOf(object(value, 'seen'));
  const mechanism = value['mechanism'] === undefined ? undefined : string(value, 'mechanism', 'mechanism');
  return {
    title: string(value, 'title', 'title'),
    subtitle: string(value, 'subtitle', 'subtitle'),
    input,
    ...(model === undefined ? {} : { model }),
    ...(mechanism === undefined ? {} : { mechanism }),
    parameters: parametersOf(value['parameters']),
    position: positionOf(object(value, 'position')),
    ...(continuation === undefined ? {} : { continuation }),
    ...(seen === undefined ? {} : { seen }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function wrong(field: string, expected: string): SavedInspectionError {
  return new SavedInspectionError(`In the saved inspection, “${field}” is not ${expected}.`);
}

function object(from: Fields, field: string): Fields {
  const value = from[field];
  if (!isRecord(value)) throw wrong(field, 'an object');
  return value;
}

function string(from: Fields, name: string, field: string): string {
  const value = from[name];
  if (typeof value !== 'string') throw wrong(field, 'a text');
  return value;
}

function count(from: Fields, name: string, field: string): number {
  const value = from[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(field, 'a whole number from 0 on');
  return value;
}

function inputOf(input: Fields): SavedInput {
  switch (input['kind']) {
    case 'text': {
      const { texts } = input;
      if (!Array.isArray(texts)) throw wrong('input.texts', 'a list of one text or two');
      const list: readonly unknown[] = texts;
      const [first, second, ...more] = list;
      if (
        typeof first !== 'string' ||
        more.length > 0 ||
        (second !== undefined && typeof second !== 'string')
      )
        throw wrong('input.texts', 'a list of one text or two');
      return { kind: 'text', texts: second === undefined ? [first] : [first, second] };
    }
    case 'audio':
    case 'image': {
      const { kind, text } = input;
      if (text !== undefined && typeof text !== 'string') throw wrong('input.text', 'a text');
      const file = fileOf(object(input, 'file'), 'input.file');
      return { kind, file, ...(text === undefined ? {} : { text }) };
    }
    case 'files': {
      const { files, roles } = input;
      if (!Array.isArray(files) || files.length === 0 || files.length > 1000)
        throw wrong('input.files', 'a list of 1 to 1000 files');
      const read = files.map((file: unknown, at) => {
        const field = `input.files[${at}]`;
        if (!isRecord(file)) throw wrong(field, 'an object');
        return fileOf(file, field);
      });
      return { kind: 'files', files: read, ...(roles === undefined ? {} : { roles: rolesOf(roles) }) };
    }
    default:
      throw wrong('input.kind', '“text”, “image”, “audio” or “files”');
  }
}

function fileOf(file: Fields, field: string): SavedFile {
  const path = string(file, 'path', `${field}.path`);
  // Only what lies beside the file is opened: an address elsewhere could reach into a network.
  if (path === '' || /^[/\\]|^[a-z][a-z\d+.-]*:|\\|[\u0000-\u001f]/i.test(path))
    throw wrong(
      `${field}.path`,
      'a path that starts at the folder of the saved inspection, with “/” between names',
    );
  return { path, sha256: hash(file, 'sha256', `${field}.sha256`) };
}

function modelOf(model: Fields): SavedModel {
  return { name: string(model, 'name', 'model.name'), digest: hash(model, 'digest', 'model.digest') };
}

function hash(from: Fields, name: string, field: string): string {
  const value = string(from, name, field);
  if (!/^[\da-f]{64}$/.test(value)) throw wrong(field, 'a SHA-256 in 64 hexadecimal digits');
  return value;
}

function rolesOf(roles: unknown): Readonly<Record<string, string>> {
  if (!isRecord(roles)) throw wrong('input.roles', 'an object');
  return Object.fromEntries(
    Object.entries(roles).map(([key, role]) => {
      if (typeof role !== 'string') throw wrong(`input.roles.${key.slice(0, 60)}`, 'a text');
      return [key, role];
    }),
  );
}

function parametersOf(parameters: unknown): ParameterValues {
  if (!isRecord(parameters)) throw wrong('parameters', 'an object');
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      if (typeof value !== 'string' && !(typeof value === 'number' && Number.isFinite(value)))
        throw wrong(`parameters.${name.slice(0, 60)}`, 'a text or a finite number');
      return [name, value];
    }),
  );
}

function positionOf(position: Fields): Position {
  const cell = position['cell'] === undefined ? undefined : object(position, 'cell');
  return {
    layer: count(position, 'layer', 'position.layer'),
    head: count(position, 'head', 'position.head'),
    step: string(position, 'step', 'position.step'),
    ...(cell === undefined
      ? {}
      : {
          cell: {
            row: count(cell, 'row', 'position.cell.row'),
            column: count(cell, 'column', 'position.cell.column'),
          },
        }),
  };
}

function continuationOf(continuation: Fields): SavedContinuation {
  const { ids, drawn } = continuation;
  const isToken = (id: unknown): id is number => Number.isSafeInteger(id) && Number(id) >= 0;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > 1_000_000 || !ids.every(isToken))
    throw wrong('continuation.ids', 'a list of token numbers');
  const ending = endings.find((each) => each === continuation['ending']);
  if (ending === undefined)
    throw wrong('continuation.ending', endings.map((each) => `“${each}”`).join(' or '));
  if (typeof drawn !== 'boolean') throw wrong('continuation.drawn', 'true or false');
  return { ids, ending, drawn };
}

function seenOf(seen: Fields): SeenMatrix {
  const step = object(seen, 'step');
  const { scale, perHead } = step;
  if (scale !== 'weights' && scale !== 'signed') throw wrong('seen.step.scale', '“weights” or “signed”');
  if (typeof perHead !== 'boolean') throw wrong('seen.step.perHead', 'true or false');
  const rows = sideOf(step, 'rows');
  const columns = sideOf(step, 'columns');
  const cells = rows.size * columns.size;
  if (!(cells <= mostSeenCells)) throw wrong('seen.step', `a matrix of at most ${mostSeenCells} cells`);
  const data = fromBase64(string(seen, 'data', 'seen.data'));
  if (data?.length !== cells)
    throw wrong('seen.data', `the float32 numbers of ${rows.size} × ${columns.size} cells, in base64`);
  const empty: unknown = seen['emptyRows'];
  const isRow = (row: unknown): row is number =>
    Number.isSafeInteger(row) && Number(row) >= 0 && Number(row) < rows.size;
  if (!Array.isArray(empty) || empty.length > rows.size || !empty.every(isRow))
    throw wrong('seen.emptyRows', 'a list of rows of the matrix');
  return {
    step: {
      name: string(step, 'name', 'seen.step.name'),
      title: string(step, 'title', 'seen.step.title'),
      scale,
      perHead,
      rows,
      columns,
    },
    layers: count(seen, 'layers', 'seen.layers'),
    heads: count(seen, 'heads', 'seen.heads'),
    queries: labelsOf(seen, 'queries', rows.axis === 'query' ? rows.size : undefined),
    keys: labelsOf(seen, 'keys', columns.axis === 'key' ? columns.size : undefined),
    data,
    emptyRows: empty,
  };
}

function sideOf(step: Fields, name: 'rows' | 'columns'): Step['rows'] {
  const side = object(step, name);
  const axis = axisNames.find((each) => each === side['axis']);
  if (axis === undefined) throw wrong(`seen.step.${name}.axis`, `one of ${axisNames.join(', ')}`);
  return { axis, size: count(side, 'size', `seen.step.${name}.size`) };
}

function labelsOf(seen: Fields, name: 'queries' | 'keys', size: number | undefined): SeenMatrix['queries'] {
  const labels = object(seen, name);
  const all = count(labels, 'count', `seen.${name}.count`);
  const { words } = labels;
  if (words === undefined) return { count: all };
  const isWord = (word: unknown): word is string => typeof word === 'string';
  if (!Array.isArray(words) || words.length > 100_000 || !words.every(isWord) || words.length < (size ?? 0))
    throw wrong(`seen.${name}.words`, 'a list with a text for each row or column');
  return { count: all, words };
}

/** The largest difference of two matrices as a share of the largest number; infinite where they cannot be compared. */
export function difference(now: Float32Array, then: Float32Array): number {
  if (now.length !== then.length) return Infinity;
  let [largest, off] = [0, 0];
  for (const [at, value] of then.entries()) {
    const other = now[at] ?? NaN;
    if (Number.isNaN(value) !== Number.isNaN(other)) return Infinity;
    if (Number.isNaN(value)) continue;
    largest = Math.max(largest, Math.abs(value));
    off = Math.max(off, Math.abs(value - other));
  }
  return largest === 0 ? off : off / largest;
}

/** Little-endian float32, whatever this machine's own order is. */
function toBase64(data: Float32Array): string {
  const bytes = new Uint8Array(data.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of data.entries()) view.setFloat32(at * 4, value, true);
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(text: string): Float32Array | undefined {
  if (text.length > mostSeenCells * 6 || !/^[A-Za-z\d+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(at * 4, true));
}

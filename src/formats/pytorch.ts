import { fileTypes } from '../file-types.js';
import { LeftOut, type Contents, type Format, type NamedTensor } from './format.js';
import { isKind, type Pickled } from './torch/pickle.js';
import { FormatError, viewOf, type ByteSource } from './source.js';
import { tokenAxes, TokenCollector } from './tokens.js';
import { isNumpyScalar, numpyStrings, pickledArray, stringsOf } from './torch/numpy-arrays.js';
import { openArchive, openLegacy, type Saved } from './torch/saved.js';
import { Placer, tensorOf } from './torch/tensors.js';
import { quoted } from './untrusted.js';
import { isZip } from './zip.js';

/** Deeper than any state dictionary; what is deeper holds itself. */
const MAX_DEPTH = 32;

/** Each entry takes a byte of the pickle at least, unless what holds it stands in several places: at least so many are looked at. */
const LEAST_VISITS = 1 << 12;

/** Of all names together, beyond as many as the pickle has bytes: what stands before many names is in each of them. */
const MOST_NAME_CHARACTERS = 1 << 22;

/** torch.serialization.MAGIC_NUMBER, as the pickle before torch 1.6 begins. */
const legacyStart = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** What torch.save writes: a zip archive since torch 1.6, a row of pickles before. Pickles are read, never run. */
export const pytorch: Format = {
  id: 'pytorch',
  title: 'PyTorch file',
  extensions: fileTypes.pytorch,
  recognises: (head) => isArchive(head) || isLegacy(head),
  open: async (_platform, source, signal) => (await openPytorch(source, signal)).contents,
};

/** What a file holds, and the plain numbers that stand beside its tensors, under names of the same kind: "dims.n_mels". */
export interface PytorchFile {
  readonly contents: Contents;
  readonly numbers: ReadonlyMap<string, number>;
}

/** As `pytorch.open`. @throws FormatError */
export async function openPytorch(source: ByteSource, signal?: AbortSignal): Promise<PytorchFile> {
  const head = await source.read(0, Math.min(source.size, legacyStart.length));
  if (!isZip(head) && !isLegacy(head)) throw new FormatError(`${source.name} ${otherKind(head)}`);
  const saved = isZip(head) ? await openArchive(source) : await openLegacy(source);
  signal?.throwIfAborted();
  return contentsOf(source, saved);
}

function otherKind(head: Uint8Array): string {
  return head[0] === 0x80 && (head[1] ?? 0) <= 5
    ? 'is a plain Python pickle, not what torch.save writes, and is not loaded: save it with torch.save or numpy.savez.'
    : 'is no PyTorch file: it begins neither as the zip archives of torch.save nor as the files before torch 1.6.';
}

function isLegacy(head: Uint8Array): boolean {
  return legacyStart.every((byte, at) => head[at] === byte);
}

/** The first member of what torch.save writes is …/data.pkl, of a program of PyTorch …/data/…; of an .npz it is an array. */
function isArchive(head: Uint8Array): boolean {
  if (!isZip(head) || head.length < 30) return false;
  const length = viewOf(head).getUint16(26, true);
  const name = new TextDecoder().decode(head.subarray(30, 30 + length));
  return /^(?:[^/]+\/)?(?:data\.pkl|(?:data|code)\/.+(?<!\.npy))$/.test(name);
}

function contentsOf(source: ByteSource, saved: Saved): PytorchFile {
  const tensors: NamedTensor[] = [];
  const numbers = new Map<string, number>();
  const skipped: LeftOut[] = [];
  const tokens = new TokenCollector();
  const named = new Names(source.name, saved.length);
  const skip = (name: string, reason: string): void => {
    named.count(name);
    skipped.push(new LeftOut(name, (own) => `${source.name}: ${quoted(own)} ${reason}`));
  };
  const placer = new Placer(source, saved);
  // What is said once may stand in many places: it is visits that are counted, not tensors.
  const mostVisits = LEAST_VISITS + saved.length;
  let visits = 0;
  const visit = (name: string, value: Pickled, depth: number): void => {
    if (++visits > mostVisits || depth > MAX_DEPTH) {
      throw new FormatError(`${source.name} holds more, or deeper, than any state dictionary.`);
    }
    const entries = entriesOf(value);
    if (entries !== undefined) {
      for (const [key, each] of entries) {
        const own = typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
        const axes = own === undefined || depth > 0 ? undefined : tokenAxes(own);
        const labels = axes && labelsOf(each);
        if (own === undefined) skip(name, 'has an entry without a name.');
        else if (axes && labels) tokens.add(axes, labels);
        else visit(name === '' ? own : `${name}.${own}`, each, depth + 1);
      }
      return;
    }
    if (typeof value === 'number') numbers.set(name, value);
    if (isNumber(value)) return;
    const tensor = tensorOf(value);
    const shown = name === '' ? 'tensor' : name;
    const held = typeof tensor === 'string' ? heldBy(value) : [];
    if (held.length > 0) {
      for (const [own, each] of held) visit(name === '' ? own : `${name}.${own}`, each, depth + 1);
    } else if (typeof tensor === 'string') skip(shown, tensor);
    else if (tensor !== undefined) {
      named.count(shown);
      const read = placer.place(shown, value, tensor);
      if (typeof read === 'string') skip(shown, read);
      else tensors.push(read);
    }
  };
  visit('', saved.root, 0);
  const names = new Set(tensors.map(({ name }) => name));
  if (names.size !== tensors.length) throw new FormatError(`${source.name} holds two tensors of one name.`);
  if (tensors.length === 0) {
    throw new FormatError(
      skipped[0]?.reason ?? `${source.name} holds no tensors: nothing in it is one, nor a NumPy array.`,
    );
  }
  return {
    contents: { tensors, ...tokens.contents(), ...(skipped.length === 0 ? {} : { skipped }) },
    numbers,
  };
}

/** The characters of all names, which are joined when they are first shown. */
class Names {
  private left: number;

  constructor(
    private readonly file: string,
    length: number,
  ) {
    this.left = MOST_NAME_CHARACTERS + length;
  }

  /** @throws FormatError where there are more than a file of this length has a use for */
  count(name: string): void {
    this.left -= name.length;
    if (this.left >= 0) return;
    throw new FormatError(
      `${this.file} holds names that take more room than all of its pickle: they are too long to be those of tensors.`,
    );
  }
}

/** Whether something is a number, or a shape, as Python's own numbers and tuples of them: nothing that was left out. */
function isNumber(value: Pickled): boolean {
  if (isNumpyScalar(value)) return true;
  return isKind(value, 'call') && isKind(value.callee, 'global') && value.callee.name === 'torch.Size';
}

/** Of what is a dictionary or a list, its entries. */
function entriesOf(value: Pickled): Iterable<readonly [Pickled, Pickled]> | undefined {
  if (isKind(value, 'dict')) return value.entries;
  if (isKind(value, 'list') || isKind(value, 'tuple')) return value.items.entries();
  if (!isKind(value, 'call') || !isKind(value.callee, 'global')) return undefined;
  const own = moduleEntries(value);
  if (own !== undefined) return own;
  const { objects } = pickledArray(value) ?? {};
  if (objects !== undefined) return objects.entries();
  return dictionaries.has(value.callee.name) ? value.entries : undefined;
}

/** Of a whole torch.nn.Module, whose class is never loaded: its parameters, buffers and parts, as its state_dict() has them. */
function moduleEntries(value: Pickled): (readonly [Pickled, Pickled])[] | undefined {
  if (!isKind(value, 'call') || !isKind(value.state, 'dict')) return undefined;
  const { entries } = value.state;
  const kept = (name: string): readonly (readonly [Pickled, Pickled])[] | undefined => {
    const own = entries.find(([key]) => key === name)?.[1];
    if (isKind(own, 'dict')) return own.entries;
    const isOrdered =
      isKind(own, 'call') && isKind(own.callee, 'global') && dictionaries.has(own.callee.name);
    return isOrdered ? own.entries : undefined;
  };
  const [parameters, parts] = [kept('_parameters'), kept('_modules')];
  return parameters && parts && [...parameters, ...(kept('_buffers') ?? []), ...parts];
}

const dictionaries: ReadonlySet<string> = new Set(['collections.OrderedDict', 'collections.defaultdict']);

/** A list of strings, be it Python's own, NumPy's, or that of the one text of a batch. */
function labelsOf(value: Pickled): readonly string[] | undefined {
  const array = pickledArray(value);
  if (array !== undefined) return numpyStrings(array);
  if (!isKind(value, 'list') && !isKind(value, 'tuple')) return undefined;
  const [first] = value.items;
  if (value.items.length === 1 && first !== undefined && typeof first !== 'string') {
    if (isKind(first, 'list') || isKind(first, 'tuple')) return stringsOf(first.items);
  }
  return value.items.length === 0 ? undefined : stringsOf(value.items);
}

/**
 * What an object of a class that is not loaded holds, as far as that is tensors or lists of them: a dictionary of its own kind
 * (transformers' `ModelOutput`) its entries, any other its attributes or, as a named tuple has them, its items.
 */
function heldBy(value: Pickled): (readonly [name: string, value: Pickled])[] {
  if (!isKind(value, 'call')) return [];
  const { entries, state, arguments: given } = value;
  const named = (list: readonly (readonly [Pickled, Pickled])[]): (readonly [string, Pickled])[] =>
    list.flatMap(([key, each]) => (typeof key === 'string' && mayHoldTensors(each) ? [[key, each]] : []));
  const own = named(entries);
  if (own.length > 0) return own;
  const attributes = isKind(state, 'dict') ? named(state.entries) : [];
  if (attributes.length > 0) return attributes;
  // What a function is given is not what it makes of it: the parts of a sparse tensor are not its numbers.
  const isHolder =
    value.isNew === true ||
    (isKind(value.callee, 'global') && value.callee.name.startsWith('torch.return_types.'));
  const items = isHolder && isKind(given, 'tuple') ? given.items : [];
  return items.flatMap((item, at) => (mayHoldTensors(item) ? [[String(at), item]] : []));
}

/** Whether something is a tensor, or a container: what that holds is looked at when it is visited, for it may hold itself. */
function mayHoldTensors(value: Pickled): boolean {
  if (entriesOf(value) !== undefined || typeof tensorOf(value) === 'object') return true;
  return isKind(value, 'call') && (value.entries.length > 0 || isKind(value.state, 'dict'));
}

import { fileTypes } from '../file-types.js';
import { Inflater } from './inflate.js';
import type { Contents, Format, NamedTensor } from './format.js';
import { readPickle } from './torch/pickle.js';
import { npyNotices, npyTensor, readNpyHeader, UnsupportedArray, type NpyHeader } from './npy.js';
import { FormatError, partOf, type ByteSource } from './source.js';
import { tokenAxes, TokenCollector } from './tokens.js';
import { numpyStrings, pickledArray } from './torch/numpy-arrays.js';
import { checkByteLength, quoted } from './untrusted.js';
import { isZip, readZipDirectory, type ZipEntry } from './zip.js';

const ARRAY_ENDING = '.npy';

/** An array of strings of this name says what the axes of the array beside it count. */
const AXES = 'axes';

/** Labels that take more are not labels of anything that can be shown. */
const MAX_TOKEN_BYTES = 16 * 2 ** 20;

export const npz: Format = {
  id: 'npz',
  title: 'NumPy archive',
  extensions: fileTypes.npz,
  recognises: isZip,
  async open(platform, source, signal) {
    const entries = await readZipDirectory(source);
    const inflater = new Inflater(source, platform.inflate);
    const tensors: NamedTensor[] = [];
    const skipped: { name: string; reason: string }[] = [];
    const notices: string[] = [];
    const tokens = new TokenCollector();
    let axes: readonly string[] | undefined;
    for (const entry of entries) {
      signal?.throwIfAborted();
      if (!entry.name.endsWith(ARRAY_ENDING)) {
        if (!entry.name.endsWith('/')) skipped.push({ name: entry.name, reason: 'It is no NumPy array.' });
        continue;
      }
      const name = entry.name.slice(0, -ARRAY_ENDING.length);
      const where = `${source.name}: array ${quoted(name)}`;
      const stored = entry.method === 'stored';
      const member = stored ? partOf(source, where, entry.offset, entry.bytes) : inflater.open(entry, where);
      const header = await readNpyHeader(stored ? member : await inflater.openStart(entry, where), where);
      const sides = name === AXES ? [] : tokenAxes(name);
      const labels = sides && (await readLabels(member, header, where));
      if (sides && labels) {
        if (name === AXES) axes = labels;
        else tokens.add(sides, labels);
        continue;
      }
      try {
        const tensor = npyTensor(member, header, name, where, stored ? entry.offset : undefined);
        notices.push(...(await npyNotices(member, header, where)));
        tensors.push(tensor);
      } catch (error) {
        if (!(error instanceof UnsupportedArray)) throw error;
        skipped.push({ name, reason: error.message });
      }
    }
    return {
      ...contentsOf(source, entries, withAxes(tensors, axes), skipped, tokens),
      ...(notices.length === 0 ? {} : { notices }),
    };
  },
};

/** What an archive says that the axes of its one array count. */
function withAxes(
  tensors: readonly NamedTensor[],
  axes: readonly string[] | undefined,
): readonly NamedTensor[] {
  const [only, ...others] = tensors;
  if (axes === undefined || only?.shape.length !== axes.length || others.length > 0) return tensors;
  return [{ ...only, axes: axes.slice(0, -2) }];
}

function contentsOf(
  source: ByteSource,
  entries: readonly ZipEntry[],
  tensors: readonly NamedTensor[],
  skipped: readonly { name: string; reason: string }[],
  tokens: TokenCollector,
): Contents {
  const names = new Set(tensors.map((tensor) => tensor.name));
  if (names.size !== tensors.length) throw new FormatError(`${source.name} holds two arrays of one name.`);
  if (tensors.length === 0) {
    if (entries.some((entry) => entry.name.endsWith('data.pkl'))) {
      throw new FormatError(`${source.name} is a PyTorch file, no NumPy archive: name it .pt.`);
    }
    const array = skipped.find((member) => member.reason.startsWith(source.name));
    throw new FormatError(array?.reason ?? `${source.name} is a zip archive without NumPy arrays.`);
  }
  return { tensors, ...tokens.contents(), ...(skipped.length === 0 ? {} : { skipped }) };
}

/** The strings of a one-dimensional array of text (`<U7`, `S7`), or undefined when it is none. */
async function readLabels(
  member: ByteSource,
  header: NpyHeader,
  where: string,
): Promise<string[] | undefined> {
  if (header.descr === '|O') return pickledLabels(member, header, where);
  const [, order, kind = '', width = ''] = /^([<>|])([US])(\d{1,7})$/.exec(header.descr ?? '') ?? [];
  if (order === undefined || header.shape.length !== 1) return undefined;
  const length = member.size - header.dataOffset;
  checkByteLength(header.shape, Number(width) * (kind === 'U' ? 4 : 1), length, where);
  if (length > MAX_TOKEN_BYTES) {
    throw new FormatError(`${where} has ${length} bytes of labels, more than ${MAX_TOKEN_BYTES}.`);
  }
  return numpyStrings({
    type: kind + width,
    extents: header.shape,
    littleEndian: order !== '>',
    isFortran: false,
    bytes: await member.read(header.dataOffset, length),
    objects: undefined,
  });
}

/** The strings of an array of Python's objects, which is a pickle: it is read, never run. Undefined when they are none. */
async function pickledLabels(
  member: ByteSource,
  { dataOffset }: NpyHeader,
  where: string,
): Promise<string[] | undefined> {
  const length = member.size - dataOffset;
  if (length > MAX_TOKEN_BYTES) return undefined;
  const bytes = await member.read(dataOffset, length);
  try {
    const array = pickledArray(readPickle(bytes, 0, where).value);
    return array && numpyStrings(array);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

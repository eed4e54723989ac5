import { openGguf, type GgufContents } from '../../formats/gguf.js';
import { FormatError, openFile, whyNotOpened, type ByteSource } from '../../formats/source.js';
import { quoted } from '../../formats/untrusted.js';
import type { Platform } from '../../platform/platform.js';
import { ModelError } from '../error.js';
import type { Place } from '../weight-files.js';

/** llama.cpp's gguf-split has no more. */
const mostParts = 1024;

/** One of the files of a model. */
export interface GgufPart {
  readonly source: ByteSource;
  readonly contents: GgufContents;
  readonly place: Place;
}

/** "model-00002-of-00003.gguf": what all parts begin with, which one it is, and how many there are. */
const partName = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** The model's name: that of its file, without what tells parts apart. */
export function stemOfParts(file: string): string {
  return file.replace(partName, '$1$4');
}

/** Whether a file is a part of a model other than the first, by its name. */
export function isFurtherPart(file: string): boolean {
  const [, , at] = partName.exec(file) ?? [];
  return at !== undefined && Number(at) > 1;
}

/** The first part's name, of a part by its name. */
export function firstPartOf(file: string): string {
  return file.replace(partName, '$1-00001-of-$3$4');
}

/**
 * Opens a GGUF file, and where it is one of several, all of them in their order; those that were opened are in `opened`, also when it
 * fails.
 * Source: gguf-split of llama.cpp, "split.no", "split.count" and "split.tensors.count".
 * @throws ModelError when a part is missing, or is one of another model
 */
export async function openParts(
  platform: Platform,
  path: string,
  opened: ByteSource[],
): Promise<readonly [GgufPart, ...GgufPart[]]> {
  const { paths } = platform;
  const asked = await openPart(platform, path, opened);
  const count = countOf(asked);
  if (count <= 1) return [asked];
  const file = paths.basename(path);
  const named = partName.exec(file);
  if (named === null || Number(named[3]) !== count || count > mostParts) {
    throw new ModelError(
      `${file} is one of ${count} files of a model, but its name is not "…-00001-of-${numbered(count)}.gguf" or the like, so that the others cannot be found.`,
    );
  }
  const [, stem = '', , , ending = ''] = named;
  const parts: GgufPart[] = [];
  for (let at = 0; at < count; at++) {
    const own = `${stem}-${numbered(at + 1)}-of-${numbered(count)}${ending}`;
    const part =
      own === file
        ? asked
        : await openPart(platform, paths.join(paths.dirname(path), own), opened).catch((error: unknown) => {
            throw new ModelError(
              `${file} is one of ${count} files of a model, but ${quoted(own)} beside it cannot be opened: ${error instanceof FormatError ? error.message.replace(/\.$/, '') : whyNotOpened(error)}.`,
              { cause: error },
            );
          });
    const { metadata } = part.contents;
    if (countOf(part) !== count || metadata.get('split.no') !== at) {
      throw new ModelError(
        `${own} says that it is file ${String(metadata.get('split.no'))} of ${countOf(part)}, counted from 0, but its name says file ${at} of ${count}.`,
      );
    }
    parts.push(part);
  }
  const [first, ...others] = parts;
  if (first === undefined) return [asked];
  checkTensors(first, parts);
  return [first, ...others];
}

/** Every tensor is in one part, and none is missing. */
function checkTensors(first: GgufPart, parts: readonly GgufPart[]): void {
  const where = new Map<string, string>();
  for (const { source, contents } of parts) {
    for (const { name } of [...contents.tensors, ...(contents.skipped ?? [])]) {
      const before = where.get(name);
      if (before !== undefined) {
        throw new ModelError(`The tensor ${quoted(name)} is in ${before} and in ${source.name}.`);
      }
      where.set(name, source.name);
    }
  }
  const all = first.contents.metadata.get('split.tensors.count');
  if (typeof all === 'number' && all !== where.size) {
    throw new ModelError(
      `${first.source.name} says that the model has ${all} tensors, but its ${parts.length} files hold ${where.size}.`,
    );
  }
}

function countOf({ contents }: GgufPart): number {
  const count = contents.metadata.get('split.count');
  return typeof count === 'number' ? count : 1;
}

function numbered(part: number): string {
  return String(part).padStart(5, '0');
}

async function openPart(platform: Platform, path: string, opened: ByteSource[]): Promise<GgufPart> {
  const { files, paths } = platform;
  const source = await openFile(platform, path);
  opened.push(source);
  const real = await files.realpath(path);
  const place = { folder: paths.dirname(real), file: paths.basename(real) };
  return { source, contents: await openGguf(source), place };
}

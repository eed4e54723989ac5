import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeadKinds, KindDescription, StackKinds } from '../../protocol.js';

/** Grows when the probe or a threshold changes: what was found before is then found anew. */
const version = 1;

/** Head kinds on disk, a file for each model as it was when they were found. */
export class SavedKinds {
  constructor(private readonly folder: string) {}

  /** What was found for a model with these files; undefined where nothing was, or it cannot be read. */
  async read(identity: string): Promise<HeadKinds | undefined> {
    try {
      const text = await readFile(this.path(identity), 'utf8');
      const kinds: unknown = JSON.parse(text);
      return isHeadKinds(kinds) && kinds.identity === identity ? kinds : undefined;
    } catch {
      // Not there, or damaged: it can be found again.
      return undefined;
    }
  }

  async write(kinds: HeadKinds): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const path = this.path(kinds.identity);
    const partial = `${path}.${process.pid}.part`;
    await writeFile(partial, JSON.stringify(kinds));
    await rename(partial, path);
  }

  private path(identity: string): string {
    const hash = createHash('sha256').update(`${version}\n${identity}`).digest('hex');
    return join(this.folder, `${hash}.json`);
  }
}

function isHeadKinds(value: unknown): value is HeadKinds {
  if (!isRecord(value)) return false;
  const { identity, described, stacks } = value;
  if (typeof identity !== 'string' || !Array.isArray(described) || !Array.isArray(stacks)) return false;
  if (!described.every(isDescription)) return false;
  const names = new Set(described.map(({ name }) => name));
  return stacks.every((stack) => isStack(stack, names));
}

function isDescription(value: unknown): value is KindDescription {
  return (
    isRecord(value) &&
    ['name', 'title', 'label', 'note'].every((key) => typeof value[key] === 'string') &&
    typeof value['threshold'] === 'number'
  );
}

function isStack(value: unknown, names: ReadonlySet<string>): value is StackKinds {
  if (!isRecord(value)) return false;
  const { stack, layers, heads, looked, kinds } = value;
  return (
    typeof stack === 'string' &&
    ['self', 'encoder', 'decoder', 'cross'].includes(stack) &&
    typeof layers === 'number' &&
    typeof heads === 'number' &&
    Array.isArray(looked) &&
    looked.every((name) => typeof name === 'string' && names.has(name)) &&
    Array.isArray(kinds) &&
    kinds.length === layers * heads &&
    kinds.every(
      (kind) =>
        kind === null ||
        (isRecord(kind) &&
          typeof kind['name'] === 'string' &&
          names.has(kind['name']) &&
          typeof kind['score'] === 'number'),
    )
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

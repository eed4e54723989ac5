import { isRecord } from '../../common/values.js';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeadTypes, HeadTypeDescription, StackHeadTypes } from '../../protocol.js';

/** Grows when the probe or a threshold changes: what was found before is then found anew. */
const version = 1;

/** Head types on disk, a file for each model as it was when they were found. */
export class SavedHeadTypes {
  constructor(private readonly folder: string) {}

  /** What was found for a model with these files; undefined where nothing was, or it cannot be read. */
  async read(identity: string): Promise<HeadTypes | undefined> {
    try {
      const text = await readFile(this.path(identity), 'utf8');
      const saved: unknown = JSON.parse(text);
      const types = withTypes(saved);
      return isHeadTypes(types) && types.identity === identity ? types : undefined;
    } catch {
      // Not there, or damaged: it can be found again.
      return undefined;
    }
  }

  async write(types: HeadTypes): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const path = this.path(types.identity);
    const partial = `${path}.${process.pid}.part`;
    await writeFile(partial, JSON.stringify(types));
    await rename(partial, path);
  }

  private path(identity: string): string {
    const hash = createHash('sha256').update(`${version}\n${identity}`).digest('hex');
    return join(this.folder, `${hash}.json`);
  }
}

/** What earlier versions saved: they called the types of a stack its `kinds`. */
function withTypes(saved: unknown): unknown {
  if (!isRecord(saved) || !Array.isArray(saved['stacks'])) return saved;
  const stacks = saved['stacks'].map((stack: unknown) => {
    if (!isRecord(stack) || !('kinds' in stack)) return stack;
    const { kinds, ...rest } = stack;
    return { types: kinds, ...rest };
  });
  return { ...saved, stacks };
}

function isHeadTypes(value: unknown): value is HeadTypes {
  if (!isRecord(value)) return false;
  const { identity, described, stacks } = value;
  if (typeof identity !== 'string' || !Array.isArray(described) || !Array.isArray(stacks)) return false;
  if (!described.every(isDescription)) return false;
  const names = new Set(described.map(({ name }) => name));
  return stacks.every((stack) => isStack(stack, names));
}

function isDescription(value: unknown): value is HeadTypeDescription {
  return (
    isRecord(value) &&
    ['name', 'title', 'label', 'note'].every((key) => typeof value[key] === 'string') &&
    typeof value['threshold'] === 'number'
  );
}

function isStack(value: unknown, names: ReadonlySet<string>): value is StackHeadTypes {
  if (!isRecord(value)) return false;
  const { stack, layers, heads, looked, types, distances } = value;
  return (
    typeof stack === 'string' &&
    ['self', 'encoder', 'decoder', 'cross'].includes(stack) &&
    typeof layers === 'number' &&
    typeof heads === 'number' &&
    Array.isArray(looked) &&
    looked.every((name) => typeof name === 'string' && names.has(name)) &&
    Array.isArray(types) &&
    types.length === layers * heads &&
    (distances === undefined ||
      (Array.isArray(distances) &&
        distances.length === layers * heads &&
        distances.every((each) => each === null || typeof each === 'number'))) &&
    types.every(
      (type) =>
        type === null ||
        (isRecord(type) &&
          typeof type['name'] === 'string' &&
          names.has(type['name']) &&
          typeof type['score'] === 'number'),
    )
  );
}

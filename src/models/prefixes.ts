import { quoted } from '../formats/untrusted.js';
import type { Checkpoint } from './checkpoint.js';
import { MissingTensor, ModelError } from './error.js';

/** What torch.compile, FSDP and activation checkpointing put into names, wherever they wrap a module. */
const wrappers = /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;

/** Of a training program's file: its prefixes are tried up to so many. */
const mostCandidates = 64;

/** A checkpoint under the names that its family has, and what had to be seen through for it. */
export interface SeenThrough {
  readonly checkpoint: Checkpoint;
  readonly remarks: readonly string[];
}

/**
 * Sees through what training leaves in the names of weights: a compiled module's "_orig_mod.", "module.", "model.",
 * "base_model.model.", the keys "state_dict" and "model" of a training program. Names stay as they are where the model can be built
 * from them; else exactly one prefix has to fit.
 * @param build builds the model's graph, all of it
 * @throws ModelError where several fit, or what is missing was never merged
 */
export function seeThrough(checkpoint: Checkpoint, build: (checkpoint: Checkpoint) => unknown): SeenThrough {
  if (fits(checkpoint, build) !== 'lacking') return { checkpoint, remarks: [] };
  const names = checkpoint.names;
  const bare = unwrapped(names);
  const plain = bare === undefined ? checkpoint : checkpoint.renamed((name) => bare.get(name) ?? name);
  const wrapper = bare && [...new Set(names.flatMap((name) => name.match(wrappers) ?? []))];
  const seen = wrapper ?? [];
  if (bare !== undefined && fits(plain, build) === 'built') return told(plain, seen);
  const found: string[] = [];
  for (const prefix of candidatesIn(plain.names)) {
    // What is behind a longer one was found already.
    if (found.some((shorter) => prefix.startsWith(shorter))) continue;
    if (fits(onlyBehind(plain, prefix), build) === 'built') found.push(prefix);
  }
  const [prefix, ...others] = found;
  if (prefix === undefined) {
    const part = names.find((name) => /(?:^|\.)lora_[AB]\./.test(name));
    if (part === undefined) return { checkpoint, remarks: [] };
    throw new ModelError(
      `${checkpoint.name} holds an adapter that was not merged into its model: ${quoted(part)} and others. Merge it (merge_and_unload of PEFT) and save the whole model.`,
    );
  }
  if (others.length > 0) {
    throw new ModelError(
      `${checkpoint.name} holds several models: the weights behind ${found.map(quoted).join(' and ')} all fit. Keep one of them in the file.`,
    );
  }
  return told(behind(plain, prefix), [...seen, prefix]);
}

function told(checkpoint: Checkpoint, seen: readonly string[]): SeenThrough {
  const parts = seen.map(quoted).join(' and ');
  return {
    checkpoint,
    remarks: [`The names of the weights were read without ${parts}, which training left in them.`],
  };
}

function behind(checkpoint: Checkpoint, prefix: string): Checkpoint {
  return checkpoint.renamed((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name), prefix);
}

/** Nothing but what has the prefix: a model of which only some weights have it is none that training saved. */
function onlyBehind(checkpoint: Checkpoint, prefix: string): Checkpoint {
  return checkpoint.renamed(
    (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : `\0${name}`),
    prefix,
  );
}

/** Whether a model can be built; another fault than a missing tensor is told where it is used. */
function fits(
  checkpoint: Checkpoint,
  build: (checkpoint: Checkpoint) => unknown,
): 'built' | 'lacking' | 'faulty' {
  try {
    build(checkpoint);
    return 'built';
  } catch (error) {
    return error instanceof MissingTensor ? 'lacking' : 'faulty';
  }
}

/** Names without wrappers; undefined where there are none, or two would be the same. */
function unwrapped(names: readonly string[]): ReadonlyMap<string, string> | undefined {
  const bare = new Map(names.map((name) => [name, name.replaceAll(wrappers, '')]));
  const isChanged = names.some((name) => bare.get(name) !== name);
  return isChanged && new Set(bare.values()).size === names.length ? bare : undefined;
}

/** What names begin with, the shortest first; numbers stand for layers, except at the very beginning. */
function candidatesIn(names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const name of names) {
    const parts = name.split('.').slice(0, -1);
    for (let end = 1; end <= parts.length; end++) {
      if (end > 1 && /^\d+$/.test(parts[end - 1] ?? '')) break;
      found.add(`${parts.slice(0, end).join('.')}.`);
    }
  }
  return [...found].toSorted((a, b) => a.length - b.length).slice(0, mostCandidates);
}

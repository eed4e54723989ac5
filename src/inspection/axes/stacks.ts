import { sorted, type Candidate } from './candidate.js';
import { stacked } from './rearranged.js';

/** What a number in a name counts, by the word before it. */
const words: readonly (readonly [part: 'head' | 'batch' | 'layer', word: RegExp])[] = [
  ['head', /(^|[^a-z])heads?[._\s-]*$/i],
  ['batch', /(^|[^a-z])(batch|sample|example|item|entry)[._\s-]*$/i],
  ['layer', /(^|[^a-z])(layers?|blocks?|lyr|h|l)[._\s-]*$/i],
];

/** A list of so many tensors that nothing is known of is one of layers; fewer may be queries, keys and values in turn. */
const surelyLayers = 4;

interface Run {
  readonly start: number;
  readonly end: number;
  readonly number: number;
  readonly counts: 'head' | 'batch' | 'layer' | undefined;
}

/**
 * Puts tensors that differ in a number of their names alone, one a layer or one a head, together as one with one axis more.
 * @param isKnown whether a tensor is of a kind that is stacked: activations, not the weights of a checkpoint
 * @returns the tensors in their order, a stack in the place of its first, and what was put together in sentences
 */
export async function gatherStacks(
  candidates: readonly Candidate[],
  isKnown: (candidate: Candidate) => Promise<boolean>,
): Promise<{ readonly candidates: readonly Candidate[]; readonly notices: readonly string[] }> {
  let list = candidates;
  const notices: string[] = [];
  // Heads are put together before layers, so that one tensor a head and layer becomes (layer, head, …).
  for (const counts of ['head', 'batch', 'layer', undefined] as const) {
    const lone = loneFiles(list);
    const families = new Map<string, Candidate[]>();
    for (const candidate of list) {
      const family = familyOf(candidate, lone, counts) ?? candidate.key;
      const members = families.get(family);
      if (members === undefined) families.set(family, [candidate]);
      else members.push(candidate);
    }
    const next: Candidate[] = [];
    for (const members of families.values()) {
      const made = members.length < 2 ? undefined : stackOf(members, counts);
      if (made === undefined || !(await isStack(members, made, counts, isKnown))) next.push(...members);
      else {
        next.push(made);
        if ((made.axes?.length ?? 0) > 0) notices.push(said(made, members, counts ?? 'layer'));
      }
    }
    list = next;
  }
  const place = new Map(candidates.map(({ key }, at) => [key, at]));
  return { candidates: sorted(list, ({ members, key }) => place.get(members?.[0] ?? key) ?? 0), notices };
}

async function isStack(
  members: readonly Candidate[],
  made: Candidate,
  counts: Run['counts'],
  isKnown: (candidate: Candidate) => Promise<boolean>,
): Promise<boolean> {
  if (made.source.shape.includes(0)) return false;
  const known = await Promise.all([...members, made].map(isKnown));
  return known.every(Boolean) || (counts !== 'head' && members.length >= surelyLayers && !nameSpeaks(made));
}

/** Names that say something else than a number say what they are, or that nobody knows. */
function nameSpeaks({ plain = '' }: Candidate): boolean {
  return plain !== '' && !/^(arr|tensor|layers?|blocks?|attn|list|item|output)s?$/i.test(plain);
}

/** What tensors of one family share: the file, where it holds several, and the name but for the number. */
function familyOf(
  candidate: Candidate,
  lone: ReadonlySet<string>,
  counts: Run['counts'],
): string | undefined {
  const run = runOf(candidate, counts);
  if (run === undefined) return undefined;
  const { name, file, source } = candidate;
  return JSON.stringify([
    lone.has(file) ? '' : file,
    name.slice(0, run.start),
    name.slice(run.end),
    source.shape,
    candidate.axes,
  ]);
}

/** The files that hold one tensor each. */
function loneFiles(list: readonly Candidate[]): Set<string> {
  const counts = new Map<string, number>();
  for (const { file } of list) counts.set(file, (counts.get(file) ?? 0) + 1);
  return new Set([...counts].flatMap(([file, count]) => (count === 1 ? [file] : [])));
}

function runOf({ name }: Candidate, counts: Run['counts']): Run | undefined {
  const runs = [...name.matchAll(/\d+/g)].flatMap(({ index, 0: digits }): Run[] => {
    const before = name.slice(0, index);
    const told = words.find(([, word]) => word.test(before))?.[0];
    return digits.length > 6
      ? []
      : [{ start: index, end: index + digits.length, number: Number(digits), counts: told }];
  });
  // Of what is not said to count something, the last: a list of lists is a step of generation, and then a layer.
  return counts === undefined
    ? runs.findLast((run) => run.counts === undefined)
    : runs.find((run) => run.counts === counts);
}

function stackOf(members: readonly Candidate[], counts: Run['counts']): Candidate | undefined {
  const numbered = sorted(members, (each) => runOf(each, counts)?.number ?? 0);
  const numbers = numbered.map((each) => runOf(each, counts)?.number ?? 0);
  if (new Set(numbers).size !== numbers.length) return undefined;
  const [first] = numbered;
  const run = first && runOf(first, counts);
  if (first === undefined || run === undefined) return undefined;
  const before = first.name.slice(0, run.start);
  const after = first.name.slice(run.end);
  const files = new Set(members.map(({ file }) => file));
  return {
    key: `${first.key.slice(0, first.key.length - first.name.length)}${before}*${after}`,
    name: `${before}*${after}`,
    plain: plainName(before, after),
    file: files.size === 1 ? first.file : `${first.file} and ${files.size - 1} more`,
    source: stacked(numbered.map(({ source }) => source)),
    axes: [counts ?? 'layer', ...(first.axes ?? [])],
    members: numbered.map(({ key }) => key),
    numbers,
  };
}

/** A name without its number and the word that says what that counts. */
function plainName(before: string, after: string): string {
  const kept = words.reduce((text, [, word]) => text.replace(word, '$1'), before);
  const joined = `${kept.replace(/[._\s-]+$/, '')}.${after.replace(/^[._\s-]+/, '')}`;
  return joined.replaceAll('*', '').replace(/^[._\s-]+|[._\s-]+$/g, '');
}

function said({ name, numbers = [] }: Candidate, members: readonly Candidate[], part: string): string {
  const plain = numbers.every((number, at) => number === (numbers[0] ?? 0) + at);
  const [first = 0] = numbers;
  const which = plain ? `${first} to ${numbers.at(-1) ?? first}` : numbers.join(', ');
  const each = { layer: 'layer', head: 'head', batch: 'entry' }[part] ?? part;
  return `${name}: ${members.length} tensors, ${which}, were read as one a ${each}.`;
}

import { formatShape, wholeOf, type TensorSource } from '../../engine/tensor.js';
import { openTensors, tokensBeside, type Contents, type NamedTensor } from '../../formats/index.js';
import { FormatError, openFile, type ByteSource } from '../../formats/source.js';
import type { Platform } from '../../platform/platform.js';
import type { FileReference, ParameterValues, QuestionSetting, RoleQuestion } from '../../protocol.js';
import { nameOf, openReference } from '../core/file-reference.js';
import type { Preparation } from '../core/preparation.js';
import type { Source } from '../core/source.js';
import { cutFused, headCounts } from '../axes/fused.js';
import { cutPacked, packedParameter } from '../axes/packed.js';
import { joinHeads } from '../axes/joined-heads.js';
import { AxesPlan } from '../axes/plan.js';
import { gatherStacks } from '../axes/stacks.js';
import { readFileMasks } from './mask-meanings.js';
import { kindOf } from './mask-numbers.js';
import { maskedScores } from './gaps.js';
import { findRoles, isActivation, type Candidate } from './roles.js';
import { asksToExplain, withResults } from '../doctor/preparation.js';
import { resultsAmong, type ResultSources } from '../doctor/results.js';
import { TensorPreparation, type TensorInputs } from './tensors.js';

/** Matrix files, run through a mechanism. */
export const filesSource: Source = {
  id: 'files',
  async open({ material, by, parameters }, { platform, runtime }, task) {
    if (material.kind !== 'files') return undefined;
    const { files, roles } = material;
    const { signal } = task;
    const opened = await openFiles(platform, files, { roles, mechanism: by?.mechanism, parameters, signal });
    if (opened.kind === 'question') return opened;
    try {
      const { title } = opened.inputs;
      const explain = { title, runtime, asked: asksToExplain(parameters) };
      const inputs = new TensorPreparation(opened.inputs, runtime);
      const preparation = withResults(inputs, opened.results, explain);
      return { kind: 'preparation', preparation: namingFiles(preparation, title) };
    } catch (error) {
      await opened.inputs.close?.();
      throw nameFiles(error, opened.inputs.title);
    }
  },
};

/** Its errors say what does not fit; the files' names say where. */
function namingFiles(preparation: Preparation, title: string): Preparation {
  return {
    async prepare(setting, task) {
      try {
        return await preparation.prepare(setting, task);
      } catch (error) {
        throw nameFiles(error, title);
      }
    },
    dispose: () => preparation.dispose(),
  };
}

function nameFiles(error: unknown, title: string): Error {
  if (!(error instanceof Error)) return new Error(`${title}: ${String(error)}`);
  if (error.message.includes(title) || error.name === 'AbortError') return error;
  const named = new Error(`${title}: ${error.message}`, { cause: error });
  named.name = error.name;
  return named;
}

/** Files as a mechanism's inputs, or what has to be asked first. Files stay open until `close`. */
type OpenedFiles =
  | { readonly kind: 'inputs'; readonly inputs: TensorInputs; readonly results: ResultSources }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

/**
 * Opens files and finds out what their tensors are.
 * @param roles what a person has answered: tensor key → role
 * @throws FormatError, a sentence naming file, tensor and reason
 */
async function openFiles(
  platform: Platform,
  files: readonly FileReference[],
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly roles?: Readonly<Record<string, string>> | undefined;
    readonly mechanism?: string | undefined;
    readonly parameters?: ParameterValues | undefined;
  },
): Promise<OpenedFiles> {
  if (files.length === 0) throw new FormatError('No file was given.');
  const sources: ByteSource[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const candidates: Candidate[] = [];
    const skipped: string[] = [];
    const found: { readonly file: string; readonly tokens: Contents['tokens'] }[] = [];
    for (const file of files) {
      const source = await openReference(platform, file);
      sources.push(source);
      const contents = await openTensors(platform, source, options.signal);
      skipped.push(...leftOut(source.name, contents), ...(contents.notices ?? []));
      if (contents.tensors.length === 0) throw new FormatError(`${source.name} holds no tensor.`);
      for (const tensor of contents.tensors) {
        candidates.push({
          key: `${candidates.length}:${source.name}/${tensor.name}`,
          name: tensor.name,
          file: source.name,
          source: tensor,
          kind:
            tensor.isBoolean === undefined ? kindOf(tensor.dtype) : tensor.isBoolean ? 'boolean' : undefined,
          ...axesOf(tensor),
        });
      }
      const beside = await wordsBeside(platform, file).catch((error: unknown) => {
        // Labels that cannot be read are no reason to refuse the numbers that they would stand at.
        if (!(error instanceof FormatError)) throw error;
        skipped.push(`${error.message} The labels in it were left out.`);
        return undefined;
      });
      found.push({ file: source.name, tokens: { ...contents.tokens, ...beside } });
    }
    const { parameters = {} } = options;
    const counted = await headsIn(candidates);
    const cut = cutFused(counted.candidates);
    const [left] = cut.notices;
    if (cut.candidates.length === 0 && left !== undefined) throw new FormatError(left);
    const unpacked = cutPacked(cut.candidates, chosenAxis(parameters[packedParameter]));
    if (unpacked.question !== undefined) {
      await close();
      const tensors = cut.candidates.map(({ source, ...each }) => ({ ...each, shape: source.shape }));
      const { question } = unpacked;
      const asked = { tensors, roles: [], known: {}, reason: question.reason, settings: [question] };
      return { kind: 'question', question: { ...asked, notices: [...skipped, ...cut.notices] } };
    }
    const gathered = await gatherStacks(unpacked.candidates, isActivation);
    const before = [...skipped, ...cut.notices, ...unpacked.notices, ...gathered.notices];
    const roles = await findRoles(gathered.candidates, options.roles);
    if (roles.kind === 'question') {
      if (roles.question.roles.length === 0) {
        const names = gathered.candidates.map(({ name, source }) => `${name} ${formatShape(source.shape)}`);
        throw new FormatError(
          `${titleOf(files.map((file) => nameOf(file, platform.paths)))} holds nothing that attention could be computed with: ${names.slice(0, 5).join(', ')}. Needed are queries and keys, scores or weights.`,
        );
      }
      await close();
      return { kind: 'question', question: { ...roles.question, notices: before } };
    }
    const words = wordsOf(found, sidesOf(gathered.candidates, roles.tensors));
    const used = new Map(Object.entries(roles.from).map(([role, { key }]) => [key, role]));
    const results = await resultsAmong(gathered.candidates, used, options.roles);
    // Given scores and weights are (head, query, key), and tell the axes of what they were made from.
    const shape = (results.sources.weights ?? results.sources.scores)?.shape ?? [];
    const [heads, queries, keys] = shape.length < 3 ? [] : shape.slice(-3);
    const joined = joinHeads(roles.tensors);
    const headCount = counted.heads ?? joined.heads ?? heads;
    const hints = {
      of: roles.from,
      queries: words.query?.length ?? queries,
      keys: words.key?.length ?? keys,
      heads: headCount,
      statedHeads: counted.heads,
      batch: batchAmong(candidates),
    };
    const masked = await maskedScores(joined.tensors, roles.from['scores']?.name ?? '', options.signal);
    const plan = await AxesPlan.make(new Map(Object.entries(masked.tensors)), hints, parameters);
    const masks = await readFileMasks(candidates, roles.tensors, parameters, options.signal);
    const settings = [
      ...(plan.question === undefined
        ? headsQuestion(headCount, parameters, { from: roles.from, plan })
        : [plan.question]),
      ...masks.questions,
    ];
    // What an implementation gave is compared, and so it is used.
    const told = roles.notices.filter(
      (notice) => !results.names.some((name) => notice.startsWith(`${name} (`)),
    );
    const [first] = settings;
    if (first !== undefined) {
      await close();
      const known = Object.fromEntries(Object.entries(roles.from).map(([role, { key }]) => [key, role]));
      const tensors = gathered.candidates.map(({ source, ...each }) => ({ ...each, shape: source.shape }));
      const asked = { tensors, roles: [], known, reason: first.reason, settings };
      return { kind: 'question', question: { ...asked, notices: [...before, ...told] } };
    }
    return {
      kind: 'inputs',
      results: results.sources,
      inputs: {
        title: titleOf(files.map((file) => nameOf(file, platform.paths))),
        tensors: masked.tensors,
        meanings: masks.meanings,
        notices: [...told, ...joined.notices, ...masked.notices, ...before],
        mechanism: options.mechanism,
        words,
        likelyWords: await wordsInFolder(platform, files),
        plan,
        standards: headCount === undefined ? {} : { heads: headCount },
        close,
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function chosenAxis(value: ParameterValues[string] | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** What a file says of a tensor's first axes, where it is something that can be read. */
function axesOf({ axes = [] }: NamedTensor): Pick<Candidate, 'axes'> {
  const known = axes.filter((axis) => axis === 'layer' || axis === 'head');
  return known.length === axes.length && axes.length > 0 ? { axes: known } : {};
}

/** The tensors but for a number of heads that stands among them, and that number. */
async function headsIn(
  candidates: readonly Candidate[],
): Promise<{ readonly candidates: readonly Candidate[]; readonly heads?: number }> {
  const counts = candidates.filter(
    ({ name, source }) =>
      /(^|[._/])(num_?(attention_?)?heads|n_?heads?|heads)$/i.test(name) &&
      source.shape.every((extent) => extent === 1),
  );
  const [first] = counts;
  if (first === undefined || counts.length > 1) return { candidates };
  const { data } = await first.source.read(wholeOf(first.source.shape));
  const [heads = 0] = data;
  if (!Number.isInteger(heads) || heads < 1) return { candidates };
  return { candidates: candidates.filter((each) => each !== first), heads };
}

/** A tensor of token ids or of padding, which has a row for each sequence of a batch. */
function batchAmong(
  candidates: readonly Candidate[],
): { readonly name: string; readonly count: number } | undefined {
  const found = candidates.find(
    ({ name, source }) =>
      /(^|[._/])(input_ids|token_type_ids|attention_mask|(src_)?key_padding_mask)$/i.test(name) &&
      source.shape.length === 2,
  );
  const [count = 1] = found?.source.shape ?? [];
  return found && count > 1 ? { name: found.name, count } : undefined;
}

/** Vectors of so many numbers are rarely those of one head: 256 is the most that known models have. */
const widestHead = 256;

/** How many heads there are, of projections that were cut or vectors that are wide, where their width alone is known. */
function headsQuestion(
  known: number | undefined,
  parameters: ParameterValues,
  { from, plan }: { readonly from: Readonly<Record<string, Candidate>>; readonly plan: AxesPlan },
): QuestionSetting[] {
  if (parameters['heads'] !== undefined || known !== undefined) return [];
  const { sources, layered } = plan.arrange(parameters);
  const shapeOf = (role: string): readonly number[] => {
    const shape = sources.get(role)?.shape ?? [];
    return layered.has(role) || (role.startsWith('W_') && shape.length === 3) ? shape.slice(1) : shape;
  };
  const role = from['W_Q'] === undefined ? 'Q' : 'W_Q';
  const candidate = from[role];
  const [queries, keys] = [shapeOf(role), shapeOf(role === 'Q' ? 'K' : 'W_K')];
  if (candidate === undefined || queries.length !== 2 || keys.length !== 2) return [];
  const [width = 0, others = 0] = [queries.at(-1), keys.at(-1)];
  const heads = headCounts(width, others).filter((count) => width / count <= 4 * widestHead);
  if (heads.length < 2 || (width <= widestHead && candidate.role === undefined)) return [];
  return [
    {
      parameter: 'heads',
      title: `Number of heads of ${candidate.name}`,
      reason: `The shape of ${candidate.name}, ${formatShape(candidate.source.shape)}, does not say into how many heads it is split.`,
      choices: heads.map((count) => ({ value: String(count), title: String(count) })),
    },
  ];
}

type Side = 'query' | 'key';

/** The sides that a file's tensors have rows for, where all of them stand on one. */
function sidesOf(
  candidates: readonly Candidate[],
  tensors: Readonly<Record<string, TensorSource>>,
): ReadonlyMap<string, ReadonlySet<Side>> {
  const sides = new Map<string, Set<Side>>();
  for (const { file, source } of candidates) {
    const role = Object.entries(tensors).find(([, tensor]) => tensor === source)?.[0];
    const own = sides.get(file) ?? new Set();
    sides.set(file, own);
    if (role === 'S' || role === 'Q' || role === 'Xq') own.add('query');
    else if (role === 'H' || role === 'K' || role === 'V' || role === 'Xkv') own.add('key');
    else if (role !== undefined) own.add('query').add('key');
  }
  return sides;
}

/** The labels of all files: those of a file with nothing but decoder states are for queries alone. */
function wordsOf(
  found: readonly { readonly file: string; readonly tokens: Contents['tokens'] }[],
  sides: ReadonlyMap<string, ReadonlySet<Side>>,
): { query?: readonly string[]; key?: readonly string[] } {
  const words: { query?: readonly string[]; key?: readonly string[] } = {};
  for (const { file, tokens } of found) {
    const own = sides.get(file);
    for (const side of ['query', 'key'] as const) {
      const list = tokens?.[side];
      if (
        list !== undefined &&
        (found.length === 1 || own === undefined || own.size === 0 || own.has(side))
      ) {
        words[side] = list;
      }
    }
  }
  return words;
}

/** What files of words in a folder are called, and whose words they are. */
const folderWords: readonly (readonly [stem: string, sides: readonly Side[]])[] = [
  ['tokens', ['query', 'key']],
  ['source', ['key']],
  ['target', ['query']],
];

/** Labels in `tokens`, `source` or `target` (`.json` or `.txt`) in the files' folder: likely, if there are as many as rows. */
async function wordsInFolder(
  platform: Platform,
  files: readonly FileReference[],
): Promise<{ query?: readonly string[]; key?: readonly string[] }> {
  const words: { query?: readonly string[]; key?: readonly string[] } = {};
  const [first] = files;
  if (first?.kind !== 'path') return words;
  for (const [stem, sides] of folderWords) {
    const tokens = await wordsIn(platform, platform.paths.dirname(first.path), stem, ['.json', '.txt']).catch(
      () => undefined,
    );
    for (const side of sides) {
      const list = tokens?.[side];
      if (list !== undefined) words[side] = list;
    }
  }
  return words;
}

function titleOf(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length <= 3 ? names.join(', ') : `${first} and ${names.length - 1} more`;
}

/** Labels in a file of the same name with `.tokens.json` or `.tokens.txt` in place of its extension. */
function wordsBeside(platform: Platform, file: FileReference): Promise<Contents['tokens']> {
  if (file.kind !== 'path') return Promise.resolve(undefined);
  const { basename, dirname } = platform.paths;
  const stem = basename(file.path).replace(/\.[^.]+$/, '');
  return wordsIn(platform, dirname(file.path), stem, ['.tokens.json', '.tokens.txt']);
}

async function wordsIn(
  platform: Platform,
  folder: string,
  stem: string,
  endings: readonly string[],
): Promise<Contents['tokens']> {
  for (const ending of endings) {
    const source = await openFile(platform, platform.paths.join(folder, stem + ending)).catch(
      (error: unknown) => {
        if (error instanceof FormatError) throw error;
        return undefined;
      },
    );
    if (source === undefined) continue;
    try {
      return await tokensBeside(source);
    } finally {
      await source.close();
    }
  }
  return undefined;
}

/** Members that are named one by one; how many more there are is said. */
const namedLeftOut = 20;

function leftOut(file: string, { skipped = [] }: Contents): string[] {
  const named = skipped.slice(0, namedLeftOut).map(({ name, reason }) => `${name} was left out: ${reason}`);
  const more = skipped.length - named.length;
  return more === 0 ? named : [...named, `${file}: ${more} more were left out.`];
}

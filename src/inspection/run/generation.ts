import type { Generation } from '../../models/index.js';
import type { Candidate, Candidates, Ending } from '../../protocol.js';
import type { CausalRun } from './causal-run.js';
import { changeOf } from '../../text-change.js';
import type { Task } from '../core/task.js';
import { LogitsRules } from './logits-rules.js';
import { choose, likeliest, probabilitiesOf } from './sampling.js';
import type { GenerationRequest, GenerationResult } from '../core/subject.js';

/** The most tokens of one continuation. */
const mostTokens = 4096;

/** A model that writes, as far as text is concerned. */
export interface Writer {
  generation(): Promise<Generation>;
  decode(ids: readonly number[]): Promise<string>;
  entry(id: number): Promise<string>;
}

/** What a model expects after one of the tokens that were run. */
export async function candidatesAfter(
  model: Writer,
  run: CausalRun,
  query: number,
  count: number,
  task: Task,
): Promise<Omit<Candidates, 'revision'>> {
  const logits = await run.logits(query, task);
  const shares = probabilitiesOf(logits);
  const describe = async (id: number): Promise<Candidate> => ({
    id,
    token: await model.entry(id),
    text: await model.decode([id]),
    logit: logits[id] ?? Number.NaN,
    probability: shares[id] ?? 0,
  });
  const candidates = await Promise.all(likeliest(logits, count).map(describe));
  const entropy = shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  const stands = run.ids[query + 1];
  if (stands === undefined) return { query, candidates, entropy };
  const own = logits[stands] ?? -Infinity;
  const rank = logits.reduce((likelier, logit) => (logit > own ? likelier + 1 : likelier), 0);
  return { query, candidates, entropy, actual: { ...(await describe(stands)), rank } };
}

/** What is said of a model's own settings where it wrote. @param drawn whether tokens were drawn */
export function settingsNotices({ followed, left }: Generation, drawn: boolean): readonly string[] {
  const ignored = left(drawn);
  return [
    ...(followed.length === 0
      ? []
      : [`Followed of the model’s own settings for generation: ${followed.join(', ')}.`]),
    ...(ignored.length === 0
      ? []
      : [
          `Not followed of the model’s own settings for generation: ${ignored.join(', ')}; with them it might write another text.`,
        ]),
  ];
}

export interface WritingRules {
  /** The most tokens that are read. */
  readonly limit: number;
  /** The token that has to come at a place, whatever the model and its settings say. */
  forced?(place: number): number | undefined;
  /** What else changes the logits of the next token, behind the settings. @param written the tokens behind those that were read before */
  changes?(logits: Float32Array, written: readonly number[]): void;
  /** How many tokens were read before the first that was written; all that were run where left out. */
  readonly prompt?: number;
  /** What an encoder read; the prompt where left out. */
  readonly source?: readonly number[];
}

/**
 * Lets a model go on, token by token; the run holds all of them afterwards. Where it is aborted or fails, the run is as
 * before.
 * @param halted asked before each token
 */
export async function generate(
  model: Writer,
  run: CausalRun,
  wanted: GenerationRequest,
  halted: () => boolean,
  task: Task,
  rules: WritingRules,
): Promise<GenerationResult> {
  const before = run.ids.length;
  if ('ids' in wanted) {
    await run.append(wanted.ids, task);
    return { ...wanted, text: await model.decode(wanted.ids) };
  }
  const { tokens, sampling = {} } = wanted;
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > mostTokens) {
    throw new RangeError(`A continuation has 1 to ${mostTokens} tokens, not ${tokens}.`);
  }
  const { endings, rules: settings } = await model.generation();
  const { limit, forced, prompt = before } = rules;
  const { source = run.ids.slice(0, prompt) } = rules;
  const changes = new LogitsRules(settings, { prompt, source, endings });
  const drawn = sampling.method === 'sample';
  const further = async (ending: Ending): Promise<GenerationResult> => {
    const ids = run.ids.slice(before);
    return { ids, ending, drawn: drawn && ids.length > 0, text: await model.decode(ids) };
  };
  let told = '';
  try {
    for (let step = 0; step < tokens; step++) {
      if (halted()) return await further('halted');
      if (run.ids.length >= limit) return await further('limit');
      const logits = await run.logits(run.ids.length - 1, task);
      changes.apply(logits, run.ids, before + tokens);
      rules.changes?.(logits, run.ids.slice(prompt));
      // Noise belongs to a place in the text, so that it makes no difference whether tokens come at once or bit by bit.
      const next = forced?.(run.ids.length) ?? choose(logits, sampling, run.ids.length);
      await run.append([next], task.signal === undefined ? {} : { signal: task.signal });
      const text = await model.decode(run.ids.slice(before));
      task.progress?.(`${step + 1} of ${tokens} tokens`, (step + 1) / tokens, changeOf(told, text));
      told = text;
      if (endings.has(next)) return await further('end');
    }
    return await further('length');
  } catch (error) {
    await run.back(before);
    throw error;
  }
}

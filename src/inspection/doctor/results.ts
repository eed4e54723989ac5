import type { TensorSource } from '../../engine/tensor.js';
import type { GivenResult } from '../../protocol.js';
import { findRoles, type Candidate } from '../sources/roles.js';
import { results } from './given.js';

export type ResultSources = Readonly<Partial<Record<GivenResult, TensorSource>>>;

/** What an implementation's output is called, beside what the roles of inputs name. */
const outputs =
  /^(o|y|z|out|outputs?|results?|context(_?(layer|vectors?))?|(attn|attention|head|sdpa)_?(out|outputs?|results?))$/;

/**
 * Results that lie in files beside the inputs that they were made from: scores, weights, output.
 * @param used tensor key → role of the inputs that were found among the same tensors
 * @param chosen what a person has answered: tensor key → role
 */
export async function resultsAmong(
  candidates: readonly Candidate[],
  used: ReadonlyMap<string, string>,
  chosen: Readonly<Record<string, string>> = {},
): Promise<{ readonly sources: ResultSources; readonly names: readonly string[] }> {
  const sources: Partial<Record<GivenResult, TensorSource>> = {};
  const names: string[] = [];
  const roles = new Set(used.values());
  if (!(roles.has('Q') && roles.has('K')) && !roles.has('W_Q')) return { sources, names };
  for (const candidate of candidates.filter(({ key }) => !used.has(key))) {
    const as = isResult(chosen[candidate.key]) ?? (await resultOf(candidate));
    if (as === undefined || sources[as] !== undefined) continue;
    sources[as] = candidate.source;
    names.push(candidate.name);
  }
  return { sources, names };
}

async function resultOf(candidate: Candidate): Promise<GivenResult | undefined> {
  const tail =
    candidate.name
      .toLowerCase()
      .split(/[./:\s-]+/)
      .at(-1) ?? '';
  if (outputs.test(tail) && candidate.source.shape.length >= 2) return 'output';
  // On its own, it is what its name and its numbers tell.
  const roles = await findRoles([candidate]);
  return roles.kind === 'known' ? isResult(Object.keys(roles.tensors)[0]) : undefined;
}

function isResult(role: string | undefined): GivenResult | undefined {
  return results.find((each) => each === role);
}

/** Tensors under input names and names of results, apart. */
export function splitResults(tensors: Readonly<Record<string, TensorSource>>): {
  readonly tensors: Readonly<Record<string, TensorSource>>;
  readonly results: ResultSources;
} {
  const entries = Object.entries(tensors);
  return {
    tensors: Object.fromEntries(entries.filter(([name]) => isResult(name) === undefined)),
    results: Object.fromEntries(entries.filter(([name]) => isResult(name) !== undefined)),
  };
}

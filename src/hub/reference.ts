import { HubError } from './error.js';

/** A repository of models on a hub. */
export interface HubReference {
  /** "org/name", or the name alone for the oldest ones. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const part = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const revisionForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/**
 * What somebody means by "org/name", "org/name@revision", or an address of the hub.
 * @throws HubError when it is none of these
 */
export function parseReference(text: string): HubReference {
  const trimmed = text.trim();
  const [path, revision] = /^https?:/i.test(trimmed) ? fromAddress(trimmed) : fromName(trimmed);
  const parts = path.split('/');
  const sound =
    parts.length <= 2 &&
    parts.every((each) => part.test(each) && !each.includes('..') && !each.includes('--')) &&
    revisionForm.test(revision) &&
    !revision.includes('..');
  if (!sound) {
    throw new HubError(
      `“${trimmed}” is no name of a model: it looks like “HuggingFaceTB/SmolLM2-135M”, with “@” and a revision behind it where not the newest is meant.`,
    );
  }
  return { id: path, revision };
}

function fromName(text: string): [path: string, revision: string] {
  const [path = '', revision = 'main'] = text.split('@');
  return [path, revision];
}

/** …/org/name/tree/revision */
function fromAddress(text: string): [path: string, revision: string] {
  let path: string;
  try {
    path = new URL(text).pathname;
  } catch {
    return ['', ''];
  }
  const parts = path.split('/').filter((each) => each !== '');
  const at = parts.findIndex((each) => each === 'tree' || each === 'blob' || each === 'resolve');
  const name = parts.slice(0, at < 0 ? 2 : at).join('/');
  return [name, at < 0 ? 'main' : decodeURIComponent(parts[at + 1] ?? 'main')];
}

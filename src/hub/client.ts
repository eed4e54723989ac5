import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { HubError } from './error.js';
import { reasonOf } from '../common/values.js';
import type { HubSettings } from './settings.js';

/** How often something is asked for that is refused for a while. */
const attempts = 5;
const mostRedirects = 8;
/** A connection that says nothing for so long is dead, in milliseconds. */
const silence = 30_000;
/** The longest that a server may make us wait, in milliseconds. */
const longestWait = 60_000;

/** A head that has not come whole after so many silences never comes. */
const silencesForHead = 2;
/** So many words that the answer is to come are a server's way of never giving one. */
const mostInformation = 16;
/** What a reply brings in a second at least, in bytes, once it has had the time of a head. */
const leastRate = 1024;

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** A status that is answered with, although it is no success. */
  readonly accepts?: number;
}

/** Asks a hub. What is sent along to prove who asks goes to the hub alone, never to where it redirects. */
export class HubClient {
  constructor(
    readonly settings: HubSettings,
    /** Waits so many milliseconds. */
    private readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<void> = (time, signal) =>
      wait(time, undefined, signal === undefined ? {} : { signal }),
    private readonly patience = silence,
  ) {}

  /**
   * The reply to a request, redirects followed, tried again where the server is busy or the connection fails.
   * @param path below the endpoint, with a slash before it
   * @throws HubError when the reply is no success; the signal's reason when aborted
   */
  async get(path: string, options: GetOptions = {}): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      options.signal?.throwIfAborted();
      const last = attempt >= attempts;
      let reply: IncomingMessage;
      try {
        reply = await this.follow(new URL(this.settings.endpoint + path), options, 0);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof HubError || last) throw this.unreachable(error);
        await this.backOff(attempt, options.signal);
        continue;
      }
      const { statusCode = 0 } = reply;
      if ((statusCode >= 200 && statusCode < 300) || statusCode === options.accepts) return reply;
      // Whatever else it has to say is not waited for.
      reply.destroy();
      const busy = statusCode === 429 || statusCode >= 500;
      if (!busy || last) throw this.refused(statusCode, path, reply);
      await this.pause(waitOf(reply.headers['retry-after'], attempt), options.signal);
    }
  }

  /** Waits before something is tried again, longer with every attempt. @throws the signal's reason when aborted */
  backOff(attempt: number, signal?: AbortSignal): Promise<void> {
    return this.pause(500 * 2 ** attempt, signal);
  }

  private async follow(url: URL, options: GetOptions, redirects: number): Promise<IncomingMessage> {
    const reply = await this.ask(url, options);
    const { statusCode = 0, headers } = reply;
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) return reply;
    reply.destroy();
    if (redirects >= mostRedirects) {
      throw new HubError(`${this.settings.endpoint} sends from one address to the next without an end.`);
    }
    const next = new URL(headers.location, url);
    if (next.protocol !== 'https:' && next.protocol !== url.protocol) {
      throw new HubError(`${url.host} sends to ${next.protocol}//${next.host}, which is not safe to follow.`);
    }
    return this.follow(next, options, redirects + 1);
  }

  private ask(url: URL, { headers, signal }: GetOptions): Promise<IncomingMessage> {
    const { endpoint, token } = this.settings;
    const own = url.origin === new URL(endpoint).origin;
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? secureRequest : plainRequest;
      const sent = send(
        url,
        {
          headers: {
            'user-agent': 'attention-inspector',
            'accept-encoding': 'identity',
            ...(own && token !== undefined ? { authorization: `Bearer ${token}` } : {}),
            ...headers,
          },
          ...(signal === undefined ? {} : { signal }),
        },
        (reply) => {
          clearTimeout(head);
          this.bound(reply, url.host);
          resolve(reply);
        },
      );
      // A byte now and then keeps a connection from being silent.
      const head = setTimeout(() => {
        sent.destroy(new Error(`${url.host} did not answer`));
      }, silencesForHead * this.patience);
      sent.setTimeout(this.patience, () => sent.destroy(new Error(`${url.host} did not answer`)));
      let words = 0;
      sent.on('information', () => {
        if (++words > mostInformation)
          sent.destroy(new Error(`${url.host} says again and again that it will answer`));
      });
      sent.on('close', () => {
        clearTimeout(head);
      });
      // Also what fails later, when the reply is there: whoever reads that hears of it.
      sent.on('error', reject);
      sent.end();
    });
  }

  /** Gives a reply time in proportion to what it brings. */
  private bound(reply: IncomingMessage, host: string): void {
    const { socket } = reply;
    const [begun, before] = [performance.now(), socket.bytesRead];
    let timer: NodeJS.Timeout;
    const look = (): void => {
      const allowed = silencesForHead * this.patience + ((socket.bytesRead - before) / leastRate) * 1000;
      const left = begun + allowed - performance.now();
      if (left <= 0) reply.destroy(new Error(`${host} sends too slowly`));
      else timer = setTimeout(look, Math.min(left, silencesForHead * this.patience));
    };
    look();
    reply.once('close', () => {
      clearTimeout(timer);
    });
  }

  private unreachable(error: unknown): HubError {
    if (error instanceof HubError) return error;
    const { host } = new URL(this.settings.endpoint);
    return new HubError(`${host} cannot be reached: ${reasonOf(error)}.`, { cause: error });
  }

  private refused(status: number, path: string, { headers }: IncomingMessage): HubError {
    const { endpoint, token } = this.settings;
    const [, id = path] = /^\/(?:api\/models\/)?(.+?)\/(?:revision|resolve)\//.exec(path) ?? [];
    const gated = headers['x-error-code'] === 'GatedRepo';
    if (status === 403 || gated) {
      return new HubError(
        `${id} is open only to those who asked for it: ask at ${endpoint}/${id}, then set your token with “Attention: Set Hugging Face Token…”.`,
      );
    }
    if (status === 401) {
      return new HubError(
        token === undefined
          ? `There is no ${id} that everybody may read: if the name is right it is private or gated, and a token is needed (“Attention: Set Hugging Face Token…”).`
          : `There is no ${id}, or your token does not open it.`,
      );
    }
    if (status === 404) return new HubError(`There is no ${id} at ${endpoint}, or not in that revision.`);
    return new HubError(`${new URL(endpoint).host} answered ${status} when asked for ${id}.`);
  }
}

/** Of Retry-After, in seconds or as a date; else longer with every attempt. In milliseconds. */
function waitOf(header: string | undefined, attempt: number): number {
  const seconds = Number(header);
  const told = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header ?? '') - Date.now();
  const wanted = header === undefined || Number.isNaN(told) ? 500 * 2 ** attempt : told;
  return Math.min(longestWait, Math.max(0, wanted));
}

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with a file, each time that it is asked for until there is no more. */
export type Fault =
  /** Breaks off after so many bytes; once they have come, where something tells: what is on the way is lost with the connection. */
  | { readonly kind: 'drop'; readonly after: number; readonly arrived?: () => Promise<void> }
  | { readonly kind: 'stall'; readonly after: number }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  | { readonly kind: 'whole' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'longer' };

export interface Asked {
  readonly url: string;
  readonly host: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export const commit = 'c0ffee0000000000000000000000000000000001';

/**
 * A small hub: its list of files, its files, and a second server that large files are redirected to. Asked as a proxy it
 * answers for whatever host is asked for.
 */
export class SmallHub {
  readonly files = new Map<string, Buffer>();
  readonly faults = new Map<string, Fault[]>();
  readonly asked: Asked[] = [];
  /** Names in the list that no file has. */
  readonly strange: unknown[] = [];
  /** Whoever has another token, or none, is sent away. */
  token: string | undefined;
  gated = false;
  private readonly servers: Server[] = [];

  static async start(): Promise<SmallHub> {
    const hub = new SmallHub();
    for (const answer of [hub.answer, hub.store]) {
      const server = createServer((request, response) => {
        hub.asked.push({
          url: request.url ?? '',
          host: request.headers.host ?? '',
          range: request.headers.range,
          authorization: request.headers.authorization,
        });
        answer.call(hub, request, response);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      hub.servers.push(server);
    }
    return hub;
  }

  get endpoint(): string {
    return this.addressOf(0);
  }

  get storeHost(): string {
    return new URL(this.addressOf(1)).host;
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private addressOf(which: number): string {
    const address = this.servers[which]?.address();
    if (!isAddress(address)) throw new Error('The server does not listen.');
    return `http://127.0.0.1:${address.port}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = (request.url ?? '').replace(/^http:\/\/[^/]+/, '');
    // Of large files the second server has the faults.
    const fault = isLarge(url) ? undefined : this.take(url);
    if (fault?.kind === 'status') {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (this.gated) {
      response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
      return;
    }
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end();
      return;
    }
    if (url.startsWith('/api/models/tiny/bert/revision/main?')) {
      const siblings = [...this.files].map(([rfilename, content]) => ({
        rfilename,
        size: content.length,
        blobId: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
        ...(isLarge(rfilename)
          ? { lfs: { sha256: createHash('sha256').update(content).digest('hex'), size: content.length } }
          : {}),
      }));
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ sha: commit, siblings: [...siblings, ...this.strange] }));
      return;
    }
    const [, name = ''] = /^\/tiny\/bert\/resolve\/[0-9a-f]+\/(.+)$/.exec(url) ?? [];
    if (isLarge(name)) response.writeHead(302, { location: `${this.addressOf(1)}/blob/${name}` }).end();
    else this.send(name, undefined, request, response);
  }

  private store(request: IncomingMessage, response: ServerResponse): void {
    const name = (request.url ?? '').replace('/blob/', '');
    this.send(name, this.take(name), request, response);
  }

  private send(
    name: string,
    fault: Fault | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const file = this.files.get(name);
    if (fault?.kind === 'status') {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const start = from === undefined || fault?.kind === 'whole' ? 0 : Number(from);
    const content = fault?.kind === 'wrong' ? Buffer.alloc(file.length, 7) : file;
    const body = content.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': body.length + (fault?.kind === 'longer' ? 10 : 0),
    });
    if (fault?.kind === 'stall') {
      response.write(body.subarray(0, fault.after));
    } else if (fault?.kind === 'drop') {
      const { arrived } = fault;
      const breakOff = (): unknown => response.destroy();
      response.write(body.subarray(0, fault.after), () => {
        if (arrived === undefined) setTimeout(breakOff, 20);
        else void arrived().finally(breakOff);
      });
    } else {
      response.end(fault?.kind === 'longer' ? Buffer.concat([body, Buffer.alloc(10)]) : body);
    }
  }

  private take(name: string): Fault | undefined {
    const key = [...this.faults.keys()].find((each) => name.includes(each));
    return key === undefined ? undefined : this.faults.get(key)?.shift();
  }
}

function isLarge(name: string): boolean {
  return name.endsWith('.safetensors') || name.endsWith('.gguf');
}

function isAddress(value: string | AddressInfo | null | undefined): value is AddressInfo {
  return typeof value === 'object' && value !== null;
}

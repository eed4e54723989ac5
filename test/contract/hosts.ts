import { pageWindow } from './page-window.js';
import { join } from 'node:path';
import { Channel, CancelledError } from '../../src/channel.js';
import type { Port } from '../../src/channel.js';
import { PageConnection } from '../../src/host/panels/page-connection.js';
import { webviewPort } from '../../src/host/panels/webview-port.js';
import { Session } from '../../src/host/session/session.js';
import type { SessionEngine } from '../../src/host/session/session-options.js';
import type { InspectionRequest } from '../../src/host/session/request.js';
import { Engine } from '../../src/inspection/core/engine.js';
import type {
  EngineMethods,
  EngineNotices,
  OpenRequest,
  ParameterValues,
  Position,
} from '../../src/protocol.js';
import { platform } from '../support/platform.js';
import { seeded, tensor } from '../support/inspection/numbers.js';
import { FakeHost } from '../support/page/fake-host.js';
import type { Subject } from '../support/page/answers.js';

/** What a case has opened: something whose parameters can be changed, or a text whose model says what comes next. */
export type Opened = 'tensors' | 'causal text';

/** A host that a page is connected with by `acquireVsCodeApi` and the window's messages. */
export interface ContractHost {
  /** A change that it refuses, with this sentence. */
  refuseChange(): { readonly parameters: ParameterValues; readonly sentence: RegExp };
  /** Goes to another head without the page, as a command does. */
  move(position: Position): void;
  close(): Promise<void>;
}

export interface HostUnderContract {
  readonly name: string;
  open(what: Opened): Promise<ContractHost>;
}

const words = 'the animal did not cross'.split(' ');
const subject: Subject = {
  title: 'a text',
  layers: 2,
  heads: 3,
  queries: words.length,
  keys: words.length,
  model: 8,
  feature: 4,
  causal: false,
  emptyQueries: [],
  words,
  notices: [],
  tex: {},
  mechanism: 'dot',
  scaling: 'sqrt',
  temperature: 1,
  mechanisms: false,
  plots: false,
  continues: false,
};

/** The one that the tests of the pages talk with. */
export const fake: HostUnderContract = {
  name: 'the fake host of the pages’ tests',
  open: (what) => {
    const behaviour = {
      subject: { ...subject, continues: what === 'causal text', causal: what === 'causal text' },
      position: { layer: 0, head: 0, step: 'weights' },
      persisted: undefined,
      delay: 0,
      latency: 0,
      held: [],
      failing: {},
      id: 'one',
      first: null,
      model: null,
      headTypes: { kind: 'none' as const },
      readers: [],
    };
    const host = new FakeHost(behaviour, false);
    return Promise.resolve({
      refuseChange: () => {
        host.failing['change'] = 'The temperature has to be above 0.';
        return { parameters: { temperature: 0 }, sentence: /^The temperature has to be above 0\.$/ };
      },
      move: (position) => {
        host.move(position);
      },
      close: () => {
        host.panel.dispose();
        return Promise.resolve();
      },
    });
  },
};

/** What runs in VS Code: a panel's connection, a session, and an engine, which is in this process here. */
export const real: HostUnderContract = {
  name: 'a panel, its session and the engine',
  open: async (what) => {
    const engine = new Engine(platform, join(process.cwd(), 'media'));
    const [ours, theirs] = portPair();
    const client = new Channel<EngineMethods, Record<never, never>, Record<never, never>, EngineNotices>(
      ours,
      {},
      {},
    );
    const server = new Channel<Record<never, never>, EngineNotices, EngineMethods, Record<never, never>>(
      theirs,
      engine.handlers(),
      {},
    );
    const port: SessionEngine = {
      generation: 1,
      processId: process.pid,
      sharesDisk: () => Promise.resolve(true),
      hold: () => ({ dispose: () => undefined }),
      request: (method, params, options) => client.request(method, params, options),
    };
    const session = new Session(port, requestOf(what), {
      label: 'a text',
      messageOf: (error) => (error instanceof Error ? error.message : String(error)),
      ask: () => Promise.reject(new CancelledError()),
      open: async (to, asked, parameters, { signal }) => {
        const opening = openingOf(asked);
        const result = await to.request('open', { ...opening, parameters }, { signal });
        if (result.kind === 'question') throw new Error(result.question.reason);
        return { request: asked, summary: result.summary };
      },
    });
    const nothing = (): undefined => undefined;
    const panel = new PageConnection(webviewPort(webview()), session, {
      log: { info: nothing, warn: nothing, error: nothing },
      painter: { clear: nothing, mark: nothing, paint: () => Promise.resolve() },
      headTypes: { of: () => Promise.resolve({ kind: 'none' }) },
      copyCode: async (shown, request) => {
        await shown.code(request);
      },
      exportShown: () => Promise.resolve(),
      messages: { silentPage: 'The page did not answer.' },
      copiedPicture: nothing,
      readers: () => Promise.resolve([]),
      readWith: () => Promise.resolve(),
      inspectDropped: () => Promise.resolve(),
      classifyHeads: () => Promise.resolve(),
    });
    await session.ready();
    return {
      refuseChange: () => ({ parameters: { temperature: -1 }, sentence: /temperature/i }),
      move: (position) => {
        session.move(position);
      },
      close: async () => {
        panel.dispose();
        session.dispose();
        client.dispose();
        server.dispose();
        await engine.dispose();
      },
    };
  },
};

function openingOf(asked: InspectionRequest): Pick<OpenRequest, 'material' | 'by'> {
  switch (asked.kind) {
    case 'text':
      return { material: { kind: 'text', texts: asked.texts }, by: { model: asked.model } };
    case 'tensors':
      return { material: { kind: 'tensors', tensors: asked.tensors } };
    case 'audio':
    case 'files':
    case 'image':
      throw new Error('No files are opened here.');
  }
}

function requestOf(what: Opened): InspectionRequest {
  if (what === 'causal text') return { kind: 'text', texts: [words.join(' ')], model: { kind: 'gpt' } };
  const next = seeded(7);
  const numbers = () => tensor([3, 5, 4], next); // (head, token, feature)
  return { kind: 'tensors', tensors: { Q: numbers(), K: numbers(), V: numbers() } };
}

/** What the panel needs of VS Code's webview: messages are copied and arrive in a later task, either way. */
function webview(): Parameters<typeof webviewPort>[0] {
  const listeners = new Set<(message: unknown) => void>();
  pageWindow.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => {
      const copy: unknown = structuredClone(message);
      setTimeout(() => {
        for (const listener of listeners) listener(copy);
      });
    },
    getState: () => undefined,
    setState: () => undefined,
  });
  return {
    postMessage: (message) => {
      const data: unknown = structuredClone(message);
      setTimeout(() => pageWindow.dispatchEvent(new MessageEvent('message', { data })));
      return Promise.resolve(true);
    },
    onDidReceiveMessage: (listener) => {
      listeners.add(listener);
      return { dispose: () => listeners.delete(listener) };
    },
  };
}

/** Two ends of a line, between which messages are copied as between processes. */
function portPair(): readonly [Port, Port] {
  const ends: [Set<(message: unknown) => void>, Set<(message: unknown) => void>] = [new Set(), new Set()];
  const end = (own: 0 | 1): Port => ({
    post: (message) => {
      const copy: unknown = structuredClone(message);
      setTimeout(() => {
        for (const listener of ends[own === 0 ? 1 : 0]) listener(copy);
      });
    },
    listen: (listener) => {
      ends[own].add(listener);
      return () => ends[own].delete(listener);
    },
  });
  return [end(0), end(1)];
}

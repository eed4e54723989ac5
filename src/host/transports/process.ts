import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Port } from '../../channel.js';
import type { End, Transport } from './transport.js';
import { placeNumber } from '../../common/counting.js';

/**
 * What the engine's process is told of memory. glibc keeps what was freed unless it came in a piece of its own: of a model's
 * weights more than half would stay.
 */
const memory = { MALLOC_MMAP_THRESHOLD_: String(2 ** 20) } as const;

/** A child process of this machine, spoken to over Node's IPC. */
export const processTransport: Transport = {
  id: 'process',
  async start({ script, weights, log }) {
    // The extension host's own debugger flags must not reach the worker: the port would be taken.
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const child = fork(script, [], {
      serialization: 'advanced',
      execArgv: [],
      env: {
        ...inherited,
        ELECTRON_RUN_AS_NODE: '1',
        ...memory,
        ...(weights === undefined ? {} : { ATTENTION_INSPECTOR_WEIGHTS: String(weights) }),
        ATTENTION_INSPECTOR_COUNT_FROM: String(placeNumber(0)),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      log.info(text.trimEnd());
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log.warn(text.trimEnd());
    });
    const { pid } = child;
    return {
      name: `process ${pid ?? '(none)'}`,
      ...(pid === undefined ? {} : { processId: pid }),
      port: portOf(child),
      sharesDisk: true,
      ended: endOf(child),
      kill: () => {
        child.kill('SIGKILL');
      },
    };
  },
};

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', ({ message }) => {
      resolve({ kind: 'failed', message });
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal });
    });
  });
}

function portOf(child: ChildProcess): Port {
  return {
    post: (message) => {
      // The message is one of the channel's envelopes, made of what structured cloning carries.
      // A process that is gone is reported by its exit, so a failed post needs no word of its own.
      if (child.connected) child.send(message as object, () => undefined);
    },
    listen: (listener) => {
      child.on('message', listener);
      return () => {
        child.off('message', listener);
      };
    },
  };
}

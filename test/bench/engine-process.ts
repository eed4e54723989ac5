import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Channel } from '../../src/channel.js';
import { engineEnvironment } from '../../src/host/transports/engine-environment.js';
import type { EngineMethods, EngineNotices } from '../../src/protocol.js';

type EngineChannel = Channel<EngineMethods, Record<never, never>, Record<never, never>, EngineNotices>;

/** The built engine in a process of its own, started as the host starts it. */
export class EngineProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly channel: EngineChannel,
  ) {}

  static start(): EngineProcess {
    const child = fork(join(process.cwd(), 'dist', 'worker.js'), {
      serialization: 'advanced',
      env: { ...process.env, ...engineEnvironment },
    });
    const channel: EngineChannel = new Channel(
      {
        post(message) {
          if (child.connected) child.send(message as NonNullable<Parameters<typeof child.send>[0]>);
        },
        listen(listener) {
          child.on('message', listener);
          return () => {
            child.off('message', listener);
          };
        },
      },
      {},
      {},
    );
    child.once('exit', (code, signal) => {
      channel.dispose(new Error(`The engine process ended (${signal ?? code}).`));
    });
    return new EngineProcess(child, channel);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  async stop(): Promise<void> {
    this.channel.dispose();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}

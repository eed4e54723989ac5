import { join } from 'node:path';
import { Channel } from '../../src/channel.js';
import { processTransport } from '../../src/host/transports/process.js';
import type { StartedEngine } from '../../src/host/transports/transport.js';
import type { EngineMethods, EngineNotices } from '../../src/protocol.js';

type EngineChannel = Channel<EngineMethods, Record<never, never>, Record<never, never>, EngineNotices>;

/** The built engine in a process of its own, started as the host starts it. */
export class EngineProcess {
  private constructor(
    private readonly engine: StartedEngine,
    readonly channel: EngineChannel,
  ) {}

  static async start(): Promise<EngineProcess> {
    const { error, warn } = console;
    const script = join(process.cwd(), 'dist', 'worker.js');
    const engine = await processTransport.start({ script, log: { info: warn, warn, error } });
    const channel: EngineChannel = new Channel(engine.port, {}, {});
    void engine.ended.then((end) => {
      channel.dispose(new Error(`The engine process ended: ${JSON.stringify(end)}.`));
    });
    return new EngineProcess(engine, channel);
  }

  get pid(): number | undefined {
    return this.engine.processId;
  }

  async stop(): Promise<void> {
    this.channel.dispose();
    this.engine.kill();
    await this.engine.ended;
  }
}

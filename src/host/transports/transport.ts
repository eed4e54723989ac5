import type { Port } from '../../channel.js';

/** A way to start an engine and to speak to it. A further one is a file of its own, and a line in index.ts. */
export interface Transport {
  readonly id: string;
  /** Starts an engine. @throws with a sentence for people where it cannot be started */
  start(options: StartOptions): Promise<StartedEngine>;
}

export interface StartOptions {
  /** The engine's script. */
  readonly script: string;
  /** How many bytes of weights the engine may hold at once; its own default where left out. */
  readonly weights?: number;
  /** Takes what the engine prints. */
  readonly log: Log;
}

/** An engine that was started. */
export interface StartedEngine {
  /** For the log: "process 4711". */
  readonly name: string;
  /** Of an engine that is a process of this machine. */
  readonly processId?: number;
  readonly port: Port;
  /** Whether a path leads both of us to the same file; where it does not, the engine is sent bytes. */
  readonly sharesDisk: boolean;
  /** Resolves once it is no more, in whatever way. */
  readonly ended: Promise<End>;
  /** Ends it at once, whatever it is doing; does nothing where it has ended. */
  kill(): void;
}

/** How an engine ended. */
export type End =
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'failed'; readonly message: string };

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

import type { InferenceSession, TensorConstructor } from 'onnxruntime-common';
import { RunError } from './error.js';

/** The part of ONNX Runtime's interface that both of its packages share. */
export interface Backend {
  readonly kind: 'native' | 'wasm';
  readonly Tensor: TensorConstructor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** `wasm` makes a machine that has the native binary run as one that has not. */
const choice = 'ATTENTION_INSPECTOR_BACKEND';

let loaded: Promise<Backend> | undefined;

/**
 * ONNX Runtime, loaded when first asked for: its native binary, or WebAssembly where there is none (macOS on Intel,
 * Alpine Linux).
 * @throws RunError when neither can be loaded.
 */
export function loadBackend(): Promise<Backend> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<Backend> {
  let reason: unknown;
  if (process.env[choice] !== 'wasm') {
    try {
      const { InferenceSession, Tensor } = await import('onnxruntime-node');
      return { kind: 'native', InferenceSession, Tensor };
    } catch (error) {
      reason = error;
    }
  }
  try {
    const { InferenceSession, Tensor, env } = await import('onnxruntime-web');
    // More threads need worker threads that outlive a session and keep the process from ending.
    env.wasm.numThreads = 1;
    return { kind: 'wasm', InferenceSession, Tensor };
  } catch (error) {
    throw new RunError(
      `ONNX Runtime, which runs the models, cannot be loaded on ${process.platform}-${process.arch}: ${firstLine(reason ?? error)}`,
      { cause: reason ?? error },
    );
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}

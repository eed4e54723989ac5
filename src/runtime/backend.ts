import { reasonOf } from '../common/values.js';
import type { InferenceSession, TensorConstructor } from 'onnxruntime-common';
import type { OnnxRuntimeBuild, Platform } from '../platform/platform.js';
import { RunError } from './error.js';

/** The part of ONNX Runtime's interface that both of its packages share. */
export interface Backend {
  readonly kind: OnnxRuntimeBuild['kind'];
  readonly Tensor: TensorConstructor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/**
 * ONNX Runtime: of the builds that the platform names, the first that can be loaded.
 * @throws RunError when none can.
 */
export async function loadBackend({ name, onnxRuntime }: Platform): Promise<Backend> {
  let failed: { readonly reason: unknown } | undefined;
  for (const build of onnxRuntime) {
    try {
      return await load(build);
    } catch (reason) {
      failed ??= { reason };
    }
  }
  throw new RunError(
    `ONNX Runtime, which runs the models, cannot be loaded on ${name}: ${firstLine(failed?.reason ?? 'it has no build for it')}`,
    { cause: failed?.reason },
  );
}

async function load(build: OnnxRuntimeBuild): Promise<Backend> {
  switch (build.kind) {
    case 'native': {
      const { InferenceSession, Tensor } = await import('onnxruntime-node');
      return { kind: 'native', InferenceSession, Tensor };
    }
    case 'wasm': {
      const { InferenceSession, Tensor, env } = await import('onnxruntime-web');
      // More threads need worker threads that outlive a session and keep the process from ending.
      env.wasm.numThreads = 1;
      if (build.binary !== undefined) env.wasm.wasmPaths = { wasm: build.binary };
      return { kind: 'wasm', InferenceSession, Tensor };
    }
  }
}

function firstLine(error: unknown): string {
  const message = reasonOf(error);
  return message.split('\n', 1)[0] ?? message;
}

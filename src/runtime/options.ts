import type { InferenceSession } from 'onnxruntime-common';
import type { Platform } from '../platform/platform.js';

/** What every session is made with. */
export function sessionOptions({ threads }: Platform): InferenceSession.SessionOptions {
  return {
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    // By itself ONNX Runtime takes one thread for each physical core, but does not see that it may not have them all.
    ...(threads.usable < threads.present ? { intraOpNumThreads: threads.usable } : {}),
    interOpNumThreads: 1,
    // Measured on tiles of 8192 × 8192 scores: with the arena, blocks are used again and the peak is lowest; a memory
    // pattern makes it higher and nothing faster.
    enableCpuMemArena: true,
    enableMemPattern: false,
    // By itself a session's threads go on spinning after its run: a drag on the next session's, and on whoever shows the result.
    extra: { session: { force_spinning_stop: '1' } },
    // What goes wrong is thrown; on the standard error stream it would only be said twice.
    logSeverityLevel: 4,
  };
}

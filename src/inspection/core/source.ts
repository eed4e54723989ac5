import type { Continuation, OpenRequest, RoleQuestion } from '../../protocol.js';
import type { Platform } from '../../platform/platform.js';
import type { Runtime } from '../../runtime/session.js';
import type { ExportPool } from '../sources/onnx/open-export.js';
import type { ModelPool } from './models.js';
import type { Preparation } from './preparation.js';
import type { Task } from './task.js';

/** What sources share: where they run, one runtime, and the models that are open. */
export interface SourceContext {
  readonly platform: Platform;
  readonly runtime: Runtime;
  readonly models: ModelPool;
  readonly exports: ExportPool;
  /** The folder that holds what comes with us. */
  readonly media: string;
}

/** What came of opening: something that can be run, or what has to be asked first. */
export type Opened =
  | {
      readonly kind: 'preparation';
      readonly preparation: Preparation;
      /** The model as it is now, of one that writes: its path, and when its files were written. */
      readonly by?: string | undefined;
      /** What this model wrote before, which comes after what was read. */
      readonly continuation?: Continuation | undefined;
    }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

/** One kind of thing that can be read. */
export interface Source {
  readonly id: string;
  /**
   * @returns undefined for what another source reads
   * @throws with a sentence for people where it cannot be read; what was opened on the way is closed then
   */
  open(request: OpenRequest, context: SourceContext, task: Task): Promise<Opened | undefined>;
}

/** Makes something of what it was handed; where that fails, or comes to nothing, the handle is released. */
export async function takeOver<Held extends { release(): Promise<void> }, Made>(
  handle: Held,
  make: (handle: Held) => Made | Promise<Made>,
): Promise<Made> {
  try {
    const made = await make(handle);
    if (made === undefined) await handle.release();
    return made;
  } catch (error) {
    await handle.release();
    throw error;
  }
}

import type { ParameterValues } from '../../protocol.js';
import type { Subject } from './subject.js';
import type { Task } from './task.js';

/** Something that can be prepared again with other parameters: a text and its model, tensors and their mechanism. */
export interface Preparation {
  /**
   * @param aside whether it stands beside what is shown, which stays what it is
   * @throws with a sentence for people when the input does not fit.
   */
  prepare(parameters: ParameterValues, task: Task, aside?: boolean): Promise<Subject>;
  /** Closes files; captured numbers go with the inspection itself. */
  dispose(): Promise<void>;
}

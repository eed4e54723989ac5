import type { ParameterValues } from '../../protocol.js';
import type { Subject } from './subject.js';
import type { Task } from './task.js';

/** How something that was opened is to be run. */
export interface Setting {
  readonly parameters: ParameterValues;
  /** Set where it stands beside what is shown, which stays what it is. */
  readonly beside?: true;
}

/** Something that can be prepared again with other parameters: a text and its model, tensors and their mechanism. */
export interface Preparation {
  /** @throws with a sentence for people when the input does not fit. */
  prepare(setting: Setting, task: Task): Promise<Subject>;
  /** Closes files; captured numbers go with the inspection itself. */
  dispose(): Promise<void>;
}

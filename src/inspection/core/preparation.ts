import type { Intervention, ParameterValues } from '../../protocol.js';
import type { Subject } from './subject.js';
import type { Task } from './task.js';

/** How something that was opened is to be run. */
export interface Setting {
  readonly parameters: ParameterValues;
  /**
   * Steps that are set from outside while it runs, one after the other; none where left out. The subject names those that were
   * made; what cannot make them refuses them.
   */
  readonly interventions?: readonly Intervention[] | undefined;
  /** Set where it stands beside what is shown, which stays what it is. */
  readonly beside?: true;
}

/** Something that can be prepared again with other parameters: a text and its model, tensors and their mechanism. */
export interface Preparation {
  /** @throws with a sentence for people when the input does not fit, or an intervention cannot be made. */
  prepare(setting: Setting, task: Task): Promise<Subject>;
  /** Closes files; captured numbers go with the inspection itself. */
  dispose(): Promise<void>;
}

/** What is never done is to leave out an intervention and say nothing of it. */
export async function prepared(preparation: Preparation, setting: Setting, task: Task): Promise<Subject> {
  const subject = await preparation.prepare(setting, task);
  const [asked, made] = [setting.interventions ?? [], subject.interventions ?? []];
  if (asked.length === made.length) return subject;
  throw new Error(`${subject.title} cannot be intervened in: it was run without what was to be set.`);
}

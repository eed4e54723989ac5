import type { Task } from '../core/task.js';

/** Of a longer text it is said from the beginning how much memory it takes. */
const long = 512;

/** A task that says, with all that it says, how many bytes of so many tokens will be kept. */
export function announced(task: Task, tokens: number, bytes: () => number): Task {
  const { progress } = task;
  if (progress === undefined || tokens <= long) return task;
  const note = `${(bytes() / 1e6).toFixed(0)} MB are kept`;
  return {
    ...task,
    progress: (message, ...rest) => {
      progress(`${message} · ${note}`, ...rest);
    },
  };
}

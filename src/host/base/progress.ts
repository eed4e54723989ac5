import { ProgressLocation, window } from 'vscode';
import { CancelledError } from '../../channel.js';
import type { Progress } from '../../channel.js';

/** Work that is done sooner shows nothing: a flash would only disturb. */
const unnoticed = 400;

/**
 * Does something that may take long: after a moment a notification shows how far it is and lets the user cancel it.
 * @throws what the task throws; CancelledError as soon as the user cancels, whatever the task does then
 */
export async function withProgress<T>(
  title: string,
  task: (signal: AbortSignal, report: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let latest: Progress | undefined;
  let show = (progress: Progress): void => {
    latest = progress;
  };
  const result = task(controller.signal, (progress) => {
    show(progress);
  });
  const cancelled = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      reject(new CancelledError());
    });
  });
  const outcome = Promise.race([result, cancelled]);
  const timer = setTimeout(() => {
    void window.withProgress(
      { location: ProgressLocation.Notification, title, cancellable: true },
      async (notification, token) => {
        token.onCancellationRequested(() => {
          controller.abort();
        });
        let reached = 0;
        show = ({ message, fraction }) => {
          const percent = fraction === null ? reached : Math.max(reached, fraction * 100);
          notification.report({ message, increment: percent - reached });
          reached = percent;
        };
        if (latest !== undefined) show(latest);
        // Whoever called hears of a failure; the notification only ends.
        await outcome.then(undefined, () => undefined);
      },
    );
  }, unnoticed);
  try {
    return await outcome;
  } finally {
    clearTimeout(timer);
  }
}

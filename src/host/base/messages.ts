import { l10n } from 'vscode';
import { CancelledError } from '../../channel.js';
import { reasonOf } from '../../common/values.js';
import type { Stop } from '../transports/client.js';

/** The sentence that an error carries. */
export function messageOf(error: unknown): string {
  if (error instanceof CancelledError) return l10n.t('The run was cancelled.');
  return reasonOf(error);
}

/** Whether somebody wanted it to stop, so that nobody need be told. */
export function isCancelled(error: unknown): boolean {
  return error instanceof CancelledError;
}

/** What people are told when the engine's process is no more. */
export function describeStop(stop: Stop, restarted: boolean): string {
  const next = restarted
    ? l10n.t('it has been restarted.')
    : l10n.t('it will be started again when it is needed.');
  switch (stop.kind) {
    case 'signal':
      return l10n.t('The attention engine stopped (signal {0}) while it was at work; {1}', stop.signal, next);
    case 'exit':
      return l10n.t(
        'The attention engine stopped (exit code {0}) while it was at work; {1}',
        stop.code,
        next,
      );
    case 'failed':
      return l10n.t('The attention engine could not be started ({0}); {1}', stop.message, next);
    case 'unresponsive':
      return l10n.t('The attention engine was stopped, since a cancelled run went on; {0}', next);
    case 'idle':
      return l10n.t('The attention engine is at rest.');
  }
}

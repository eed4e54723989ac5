import type { Port } from '../../channel.js';
import type { StartedEngine } from './transport.js';

/** A port to an engine that is being started: what is posted meanwhile reaches it once it listens, in order. */
export function startingPort(starting: Promise<Pick<StartedEngine, 'port'>>): Port {
  let port: Port | undefined;
  const waiting: unknown[] = [];
  const listeners = new Map<(message: unknown) => void, (() => void) | undefined>();
  starting.then(
    ({ port: ready }) => {
      port = ready;
      for (const listener of listeners.keys()) listeners.set(listener, ready.listen(listener));
      for (const message of waiting.splice(0)) ready.post(message);
    },
    // Whoever started it hears of it.
    () => undefined,
  );
  return {
    post(message) {
      if (port === undefined) waiting.push(message);
      else port.post(message);
    },
    listen(listener) {
      listeners.set(listener, port?.listen(listener));
      return () => {
        listeners.get(listener)?.();
        listeners.delete(listener);
      };
    },
  };
}

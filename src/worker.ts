import { join } from 'node:path';
import { inspect } from 'node:util';
import { Channel, type Port } from './channel.js';
import { countFromOf, countLayersAndHeadsFrom } from './common/counting.js';
import { Engine } from './inspection/core/engine.js';
import { nodePlatform } from './platform/node.js';
import type { EngineMethods, EngineNotices } from './protocol.js';

/** The longest that a line of the log may be, in UTF-16 units. */
const mostLogged = 4000;

/** Entry of the engine process: inspections over the channel that the process was forked with. */
const port: Port = {
  post(message) {
    process.send?.(message);
  },
  listen(listener) {
    process.on('message', listener);
    return () => {
      process.off('message', listener);
    };
  },
};

countLayersAndHeadsFrom(countFromOf(process.env['ATTENTION_INSPECTOR_COUNT_FROM']));
// In bytes; what is no number is none.
const weights = Number(process.env['ATTENTION_INSPECTOR_WEIGHTS'] ?? NaN);
const media = join(__dirname, '..', 'media');
const engine = new Engine(nodePlatform(), media, weights > 0 ? weights : undefined);
new Channel<Record<never, never>, EngineNotices, EngineMethods, Record<never, never>>(
  port,
  engine.handlers(),
  {},
);

// What nobody awaited has failed by itself: it is logged, and everything else goes on.
process.on('unhandledRejection', (reason) => {
  process.stderr.write(`Something failed that nobody waited for: ${inspect(reason).slice(0, mostLogged)}\n`);
});

// The host is gone: nobody is left to answer to.
process.on('disconnect', () => {
  process.exit(0);
});

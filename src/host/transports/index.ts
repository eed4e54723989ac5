import { processTransport } from './process.js';
import type { Transport } from './transport.js';

/** Every way to start an engine, the one that is taken unless something else is asked for first. */
export const transports: readonly [Transport, ...Transport[]] = [processTransport];

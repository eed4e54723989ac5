import { nodePlatform } from '../../src/platform/node.js';

/** Where tests run. */
export const platform = nodePlatform();

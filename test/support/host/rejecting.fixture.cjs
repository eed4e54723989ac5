// The engine of the build, where every request leaves a promise behind that is rejected unheard.
'use strict';

const { join } = require('node:path');

process.on('message', (message) => {
  if (message.type !== 'request') return;
  void Promise.reject(new Error(`left behind by ${message.method}`));
  void Promise.reject(Object.create(null));
});

require(join(process.cwd(), 'dist', 'worker.js'));

// A process that speaks the engine's channel, and misbehaves when it is told to.
'use strict';

process.on('message', (message) => {
  if (message.type !== 'request') return;
  const { id, method, params } = message;
  const answer = (result) => process.send({ type: 'result', id, result });
  const opened = () => answer({ kind: 'inspection', summary: { id: String(process.pid) } });
  const [text] = params?.material?.texts ?? [];
  if (method === 'memory') answer({ resident: process.memoryUsage().rss, peak: 0 });
  else if (method === 'close') answer(null);
  else if (method !== 'open')
    process.send({ type: 'error', id, message: `${method}: no such inspection`, kind: 'Error' });
  else if (text === 'exit') process.exit(3);
  else if (text === 'log') {
    process.send({ type: 'notice', name: 'log', body: { level: 'warning', message: 'half a word' } });
    opened();
  } else if (text === 'block') {
    // As native code does: nothing is read until it is over.
    process.send({ type: 'progress', id, progress: { message: 'layer 1', fraction: 0 } });
    const end = Date.now() + 20_000;
    while (Date.now() < end);
  } else if (text !== 'wait') opened();
});

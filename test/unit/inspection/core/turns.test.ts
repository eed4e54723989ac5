import assert from 'node:assert/strict';
import { Turns, urgency, type Urgency } from '../../../../src/inspection/core/turns.js';

/** A request of several bands, which writes its name at each of its turns. */
async function request(
  turns: Turns,
  level: Urgency,
  name: string,
  bands: number,
  log: string[],
): Promise<void> {
  const place = turns.place(level);
  for (let band = 0; band < bands; band++) {
    // Between its bands a request is busy with what it got.
    await new Promise(setImmediate);
    await place.turn();
    log.push(name);
  }
  place.leave();
}

describe('turns of long requests', () => {
  it('the picture comes before figures and overview, the earlier picture before the later', async () => {
    const log: string[] = [];
    const turns = new Turns();
    await Promise.all([
      request(turns, urgency.overview, 'overview', 2, log),
      request(turns, urgency.figures, 'figures', 2, log),
      request(turns, urgency.picture, 'first', 2, log),
      request(turns, urgency.picture, 'second', 2, log),
    ]);
    assert.deepEqual(log, [
      'first',
      'first',
      'second',
      'second',
      'figures',
      'figures',
      'overview',
      'overview',
    ]);
  });

  it('what is quickly done does not wait for what is long', async () => {
    const log: string[] = [];
    const turns = new Turns();
    const long = request(turns, urgency.picture, 'long', 3, log);
    await new Promise((resolve) => {
      setImmediate(() => {
        setImmediate(resolve);
      });
    });
    assert.ok(log.length > 0 && log.length < 3, 'it is under way');
    const before = log.length;
    await Promise.all([long, request(turns, urgency.quick, 'quick', 1, log)]);
    assert.equal(log[before], 'quick');
  });

  it('a request that leaves early makes room', async () => {
    const turns = new Turns();
    const failing = turns.place(urgency.picture);
    await failing.turn();
    const other = turns.place(urgency.overview);
    const waiting = other.turn();
    failing.leave();
    await waiting;
    other.leave();
  });
});

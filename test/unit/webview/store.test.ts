import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Store } from '../../../webview/store.js';

describe('store', () => {
  it('tells a watcher what it watches at once, and then only when that changes', () => {
    const store = new Store({ a: 1, b: 'x' });
    const seen: number[] = [];
    store.watch(
      ({ a }) => a,
      (a) => seen.push(a),
    );
    store.update({ b: 'y' });
    store.update({ a: 2 });
    store.update({ a: 2, b: 'z' });
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(store.get(), { a: 2, b: 'z' });
  });

  it('takes NaN for the same as NaN', () => {
    const store = new Store({ a: NaN });
    let calls = 0;
    store.watch(
      ({ a }) => a,
      () => (calls += 1),
    );
    store.update({ a: NaN });
    assert.equal(calls, 1);
  });

  it('says no more to those who stopped', () => {
    const store = new Store({ a: 1 });
    const seen: number[] = [];
    const stop = store.watch(
      ({ a }) => a,
      (a) => seen.push(a),
    );
    stop();
    store.update({ a: 2 });
    assert.deepEqual(seen, [1]);
  });

  it('lets watchers change what others watch, and all see the last of it', () => {
    const store = new Store({ a: 1, doubled: 0 });
    const seen: number[] = [];
    store.watch(
      ({ doubled }) => doubled,
      (doubled) => seen.push(doubled),
    );
    store.watch(
      ({ a }) => a,
      (a) => store.update({ doubled: 2 * a }),
    );
    store.update({ a: 5 });
    assert.deepEqual(seen, [0, 2, 10]);
  });

  it('goes on after a watcher threw', () => {
    const store = new Store({ a: 1 });
    store.watch(
      ({ a }) => a,
      (a) => {
        if (a === 2) throw new Error('no');
      },
    );
    assert.throws(() => store.update({ a: 2 }), /no/);
    const seen: number[] = [];
    store.watch(
      ({ a }) => a,
      (a) => seen.push(a),
    );
    store.update({ a: 3 });
    assert.deepEqual(seen, [2, 3]);
  });

  describe('to those who follow', () => {
    const frames: (() => void)[] = [];
    const kept = globalThis.requestAnimationFrame;

    before(() => {
      globalThis.requestAnimationFrame = (run) => frames.push(() => run(0));
      mock.timers.enable({ apis: ['setTimeout'] });
    });
    after(() => {
      mock.timers.reset();
      globalThis.requestAnimationFrame = kept;
    });

    /** Draws a frame, and does what was put off until then. */
    function frame(): void {
      for (const run of frames.splice(0)) run();
      mock.timers.tick(5);
    }

    function followed(): { store: Store<{ a: number }>; seen: number[]; stop: () => void } {
      const store = new Store({ a: 1 });
      const seen: number[] = [];
      const stop = store.follow(
        ({ a }) => a,
        (a) => seen.push(a),
      );
      return { store, seen, stop };
    }

    it('tells what they follow at once, and changes when a frame has been drawn, several as one', () => {
      const { store, seen } = followed();
      store.update({ a: 2 });
      store.update({ a: 3 });
      assert.deepEqual(seen, [1]);
      frame();
      assert.deepEqual(seen, [1, 3]);
      store.update({ a: 4 });
      frame();
      assert.deepEqual(seen, [1, 3, 4]);
    });

    it('says no more once they stopped, though a frame is on its way', () => {
      const { store, seen, stop } = followed();
      store.update({ a: 2 });
      stop();
      frame();
      assert.deepEqual(seen, [1]);
    });
  });
});

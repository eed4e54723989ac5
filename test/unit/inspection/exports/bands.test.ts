import assert from 'node:assert/strict';
import { input, label } from '../../../../src/engine/graph.js';
import { regionShape, sizeOf, type TensorSource } from '../../../../src/engine/tensor.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { Preparation } from '../../../../src/inspection/core/preparation.js';
import type { Layer } from '../../../../src/inspection/core/subject.js';
import { RunningExports } from '../../../../src/inspection/exports/running.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { platform } from '../../../support/platform.js';

const [layers, heads, n] = [3, 4, 1500] as const;
const whole = 4 * layers * heads * n * n;

/** Weights that are never whole anywhere: each part is made when it is read, and what is held of them is counted. */
class Counted {
  reads = 0;
  largest = 0;
  /** Bytes that were read and not yet given out. */
  held = 0;
  mostHeld = 0;
  onRead: (() => void) | undefined;

  source(layer: number): TensorSource {
    return {
      shape: [heads, n, n],
      read: (region) => {
        const shape = regionShape(region);
        const [head, row] = region;
        const first = layer * 1000 + (head?.start ?? 0) * 100 + ((row?.start ?? 0) % 97);
        const data = new Float32Array(sizeOf(shape)).fill(first);
        this.reads++;
        this.held += data.byteLength;
        this.largest = Math.max(this.largest, data.byteLength);
        this.mostHeld = Math.max(this.mostHeld, this.held);
        this.onRead?.();
        return Promise.resolve({ shape, data });
      },
    };
  }
}

async function openLarge(runtime: Runtime): Promise<{ counted: Counted; inspection: Inspection }> {
  const counted = new Counted();
  const step = {
    title: 'Weights',
    note: '',
    scale: 'weights',
    phase: 'normalisation',
    role: 'weights',
  } as const;
  const made = Array.from({ length: layers }, (_, at): Layer => {
    const axes = ['head', 'query', 'key'] as const;
    const weights = label(input([heads, n, n]), { name: 'weights', symbol: 'A', axes, step });
    return { steps: [weights], kept: new Map([[weights, counted.source(at)]]) };
  });
  const labels = { count: n };
  const preparation: Preparation = {
    prepare: () =>
      Promise.resolve({
        title: 'large',
        subtitle: '',
        mechanism: { id: 'scaled-dot-product', title: '' },
        layers: made,
        heads,
        media: [],
        queries: labels,
        keys: labels,
        parameters: [],
        notices: [],
        forward: 0,
      }),
    dispose: () => Promise.resolve(),
  };
  const inspection = await Inspection.open('large', preparation, runtime, { parameters: {} }, {});
  return { counted, inspection };
}

describe('a large export', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());
  const all = { layer: 'all', head: 'all' } as const;

  for (const exporter of ['npy', 'npz']) {
    it(`never stands in memory whole: ${exporter}`, async () => {
      const { counted, inspection } = await openLarge(runtime);
      const open = inspection.export({ exporter, scope: all, name: 'a' });
      let [size, largest] = [0, 0];
      for (let next = await open.read(); next !== null; next = await open.read()) {
        size += next.bytes.length;
        largest = Math.max(largest, next.bytes.length);
        counted.held = Math.max(0, counted.held - next.bytes.length);
      }
      assert.equal(size, open.files[0]?.size);
      assert.ok(size > whole);
      assert.ok(counted.largest <= 4 << 20, `${counted.largest} bytes were read at once`);
      assert.ok(largest <= (4 << 20) + (1 << 20), `${largest} bytes were given at once`);
      assert.ok(counted.mostHeld <= 6 << 20, `${counted.mostHeld} bytes were held`);
      await open.close();
      await inspection.dispose();
    });
  }

  it('reads nothing before it is asked, and no further than it is asked', async () => {
    const { counted, inspection } = await openLarge(runtime);
    const open = inspection.export({ exporter: 'npy', scope: all, name: 'a' });
    assert.equal(counted.reads, 0);
    await open.read();
    const { reads } = counted;
    assert.ok(reads >= 1 && reads <= 2, `${reads} bands`);
    // Views that look at something meanwhile do not wait for it.
    await inspection.thumbnails(8);
    await inspection.metrics({ layer: 0, head: 0 });
    const before = counted.reads;
    await open.close();
    assert.equal(counted.reads, before);
    await inspection.dispose();
  });

  it('stops in its midst when it is cancelled', async () => {
    const { counted, inspection } = await openLarge(runtime);
    const open = inspection.export({ exporter: 'csv', scope: all, name: 'a' });
    await open.read();
    const cancel = new AbortController();
    const before = counted.reads;
    counted.onRead = () => {
      if (counted.reads === before + 1) cancel.abort();
    };
    await assert.rejects(async () => {
      while ((await open.read(cancel.signal)) !== null);
    }, /abort/i);
    assert.ok(counted.reads <= before + 1, `${counted.reads - before} bands after it was cancelled`);
    await assert.rejects(open.read(cancel.signal), /abort/i);
    await open.close();
    await inspection.dispose();
  });

  it('ends with its inspection, and says so to whoever goes on reading', async () => {
    const { inspection } = await openLarge(runtime);
    const running = new RunningExports();
    const { signal } = new AbortController();
    const { id, files } = running.start(
      'large',
      inspection.export({ exporter: 'npy', scope: all, name: 'a' }),
    );
    assert.deepEqual(
      files.map(({ name }) => name),
      ['a.npy'],
    );
    const chunk = await running.read(id, signal);
    assert.ok(chunk !== null && chunk.file === 0 && chunk.fraction > 0 && chunk.fraction < 1);
    await running.closeOf('another');
    assert.ok(await running.read(id, signal));
    await running.closeOf('large');
    await assert.rejects(running.read(id, signal), /^Error: The export ended before it was done/);
    await inspection.dispose();
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { build } from 'esbuild';
import { strToU8, zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { encodeNpy } from '../../src/formats/npy.js';
import { Engine } from '../../src/inspection/core/engine.js';
import { Inspection } from '../../src/inspection/core/inspection.js';
import type { InspectionSummary, OpenRequest, Slice } from '../../src/protocol.js';
import { platform } from '../support/platform.js';
import { EngineStage } from './page/engine-stage.js';

const text = "The animal didn't cross the street because it was too tired.";
const media = join(process.cwd(), 'media');

/** A step of one head: what the engine in the browser says, as a plain list. */
function sliceInPage(page: Page, inspection: string, step: string, layer = 0, head = 0): Promise<number[]> {
  return page.evaluate(async (params) => [...(await window.ask('slice', params)).data], {
    inspection,
    step,
    layer,
    head,
  });
}

async function openInPage(page: Page, request: OpenRequest): Promise<InspectionSummary> {
  const opened = await page.evaluate((params) => window.ask('open', params), request);
  assert.equal(opened.kind, 'inspection');
  return opened.summary;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? Number.NaN))), 0);
}

describe('The engine in a browser', function () {
  this.timeout(120_000);
  const node = new Engine(platform, media);
  let stage: EngineStage;
  let page: Page;

  before(async () => {
    stage = await EngineStage.start();
    page = await stage.open();
    const start = { type: 'start' as const, media: '/media', files: stage.filesIn(join(media, 'models')) };
    await page.evaluate((each) => {
      window.startEngine(each);
    }, start);
  });
  after(async () => {
    await stage.stop();
    await node.dispose();
  });

  it('is a bundle that imports nothing from outside', async () => {
    const { metafile } = await build({
      entryPoints: [join(process.cwd(), 'dist/web/engine.js')],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      external: ['*'],
      logLevel: 'error',
    });
    const imports = Object.values(metafile.outputs).flatMap((each) => each.imports);
    assert.deepEqual(imports, []);
  });

  it('gives the weights of a selection that the engine in Node gives', async () => {
    const request: OpenRequest = {
      material: { kind: 'text', texts: [text] },
      by: { model: { kind: 'embedded' } },
    };
    const own = await node.open(request);
    assert.ok(own instanceof Inspection);
    const summary = await openInPage(page, request);
    assert.deepEqual(summary.queries, own.summary.queries);
    assert.equal(summary.layers, 6);
    assert.equal(summary.heads, 12);
    for (let layer = 0; layer < summary.layers; layer++) {
      for (let head = 0; head < summary.heads; head++) {
        const place = { inspection: own.id, step: 'weights', layer, head };
        const expected: Slice = await own.slice(place);
        assert.deepEqual(expected.shape.slice(-2), [summary.queries.count, summary.keys.count]);
        const found = await sliceInPage(page, summary.id, 'weights', layer, head);
        const difference = largestDifference([...expected.data], found);
        assert.ok(difference <= 1e-4, `layer ${layer}, head ${head} differs by ${difference}`);
      }
    }
    await page.evaluate((inspection) => window.ask('close', { inspection }), summary.id);
  });

  it('reads matrices from text and from a compressed archive', async () => {
    const numbers = Float32Array.from({ length: 24 }, (_, at) => Math.sin(3 * at));
    const rows = Array.from({ length: 6 }, (_, row) => [...numbers.subarray(4 * row, 4 * row + 4)].join(','));
    const array = encodeNpy({ shape: [6, 4], data: numbers });
    const files = [
      { name: 'Q.csv', bytes: strToU8(rows.join('\r\n')) },
      { name: 'others.npz', bytes: zipSync({ 'K.npy': array, 'V.npy': array }, { level: 9 }) },
    ];
    const own = await node.open({
      material: { kind: 'files', files: files.map((file) => ({ kind: 'bytes', ...file })) },
    });
    assert.ok(own instanceof Inspection);
    const opened = await page.evaluate(
      (list) =>
        window.ask('open', {
          material: {
            kind: 'files',
            files: list.map(({ name, bytes }) => ({ kind: 'bytes', name, bytes: Uint8Array.from(bytes) })),
          },
        }),
      files.map(({ name, bytes }) => ({ name, bytes: [...bytes] })),
    );
    assert.equal(opened.kind, 'inspection');
    const { data } = await own.slice({ inspection: own.id, step: 'output', layer: 0, head: 0 });
    assert.equal(data.length, 24);
    assert.ok(largestDifference([...data], await sliceInPage(page, opened.summary.id, 'output')) <= 1e-4);
  });

  it('says in a sentence that a file is not among those it was handed', async () => {
    const request: OpenRequest = {
      material: { kind: 'files', files: [{ kind: 'path', path: '/media/none.npy' }] },
    };
    await assert.rejects(
      page.evaluate((params) => window.ask('open', params), request),
      /none\.npy cannot be opened: there is no such file\./,
    );
  });
});

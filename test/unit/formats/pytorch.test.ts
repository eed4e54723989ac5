import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openTensors } from '../../../src/formats/index.js';
import { openFile } from '../../../src/formats/source.js';
import { platform } from '../../support/platform.js';

const stacks = join(process.cwd(), 'test', 'fixtures', 'inspection', 'stacks');

async function shapesIn(name: string): Promise<Record<string, readonly number[]>> {
  const source = await openFile(platform, join(stacks, name));
  try {
    const { tensors } = await openTensors(platform, source);
    return Object.fromEntries(tensors.map((each) => [each.name, each.shape]));
  } finally {
    await source.close();
  }
}

describe('what torch.save writes of lists and objects', () => {
  const layer = [2, 4, 5, 5]; // (batch, head, query, key)

  it('a tuple, a list, and a dictionary of one', async () => {
    assert.deepEqual(await shapesIn('tuple.pt'), { 0: layer, 1: layer, 2: layer });
    assert.deepEqual(await shapesIn('list.pt'), { 0: layer, 1: layer, 2: layer });
    assert.deepEqual(Object.keys(await shapesIn('dict.pt')), [
      'attentions.0',
      'attentions.1',
      'attentions.2',
    ]);
  });

  it('a ModelOutput of transformers, whose class is not loaded', async () => {
    const shapes = await shapesIn('output.pt');
    assert.deepEqual(shapes['attentions.2'], layer);
    assert.deepEqual(shapes['hidden_states.3'], [2, 5, 12]);
    assert.deepEqual(shapes['last_hidden_state'], [2, 5, 12]);
  });
});

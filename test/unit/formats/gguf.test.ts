import assert from 'node:assert/strict';
import { openGguf, gguf } from '../../../src/formats/gguf.js';
import { FormatError, fromBytes } from '../../../src/formats/source.js';
import { cut, type Region } from '../../../src/engine/tensor.js';
import { fixture, fixtureBytes, readAll, total, watched } from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

describe('GGUF', () => {
  it('reads any part of a tensor, and only the blocks that hold it', async () => {
    const source = watched(fixture('gguf/every_type.gguf'));
    const { tensors } = await gguf.open(platform, source);
    for (const tensor of tensors.filter(({ storage }) => storage === undefined)) {
      const whole = { shape: tensor.shape, data: await readAll(tensor) };
      for (const region of regionsOf(tensor.shape)) {
        const { shape, data } = await tensor.read(region);
        const part = cut(whole, region);
        assert.deepEqual(shape, part.shape);
        assert.deepEqual(data, part.data, `${tensor.name} ${JSON.stringify(region)}`);
      }
    }
    const q4 = tensors.find(({ name }) => name === 'q4_1') ?? assert.fail();
    source.reads.length = 0;
    await q4.read([
      { start: 1, end: 2 },
      { start: 33, end: 35 },
    ]);
    assert.equal(total(source.reads), 20);
    for (const strange of [
      [{ start: 0, end: 1 }],
      [
        { start: 0, end: 4 },
        { start: 0, end: 1 },
      ],
    ]) {
      await assert.rejects(q4.read(strange), {
        name: 'ShapeError',
        message: /^gguf\/every_type\.gguf: the tensor "q4_1"/,
      });
    }
  });

  it('says where plain numbers lie', async () => {
    const bytes = fixtureBytes('gguf/every_type.gguf');
    const { tensors } = await gguf.open(platform, fromBytes('every_type.gguf', bytes));
    const f32 = tensors.find(({ name }) => name === 'f32');
    assert.ok(f32?.storage);
    const { offset, length, dtype } = f32.storage;
    assert.equal(dtype, 'F32');
    assert.deepEqual(new Float32Array(bytes.slice(offset, offset + length).buffer), await readAll(f32));
  });

  it('reads metadata of every kind', async () => {
    const { metadata } = await openGguf(fixture('gguf/every_type.gguf'));
    assert.equal(metadata.get('general.architecture'), 'test');
    assert.equal((await openGguf(fixture('gguf/aligned.gguf'))).metadata.get('general.alignment'), 64);
  });

  it('names the type that it cannot read', async () => {
    const { skipped } = await gguf.open(platform, fixture('gguf/some_skipped.gguf'));
    const said = skipped?.map(({ name, reason }) => ({ name, reason }));
    assert.deepEqual(said, [
      {
        name: 'fine',
        reason: 'gguf/some_skipped.gguf: the tensor "fine" has the type IQ2_XXS, which cannot be read.',
      },
    ]);
  });

  it('refuses a file that was cut off anywhere', async () => {
    const bytes = fixtureBytes('gguf/every_type.gguf');
    for (let length = 4; length < bytes.length - 32; length += 97) {
      await assert.rejects(
        gguf.open(platform, fromBytes('cut.gguf', bytes.subarray(0, length))),
        FormatError,
      );
    }
  });
});

/** Parts that begin and end inside blocks, at their edges, and hold nothing. */
function regionsOf(shape: readonly number[]): Region[] {
  const columns = shape.at(-1) ?? 0;
  const ranges = [
    { start: 0, end: columns },
    { start: 31, end: 33 },
    { start: 32, end: columns },
    { start: columns - 1, end: columns },
    { start: 5, end: 5 },
  ];
  return ranges.flatMap((last) => [
    [...shape.slice(0, -1).map((end) => ({ start: 0, end })), last],
    [...shape.slice(0, -1).map((end) => ({ start: 1, end })), last],
  ]);
}

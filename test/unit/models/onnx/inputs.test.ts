import assert from 'node:assert/strict';
import type { OnnxValue } from '../../../../src/formats/onnx.js';
import { TextInputs } from '../../../../src/models/onnx/inputs.js';

/** int64 in `TensorProto.DataType`. */
const whole = 7;
const input = (name: string, shape: OnnxValue['shape'] = ['batch', 'sequence'], type = whole): OnnxValue => ({
  name,
  type,
  shape,
  bytes: new Uint8Array(),
});

describe('The inputs of an ONNX export', () => {
  const ids = input('input_ids');

  it('are fed one text: a mask of ones, places, a first segment, and nothing of before', () => {
    const inputs = new TextInputs(
      [
        ids,
        input('attention_mask', undefined, 6),
        input('token_type_ids'),
        input('position_ids'),
        input('past_key_values.0.key', ['batch', 3, 'past', 8], 10),
        input('past_1', [2, 'batch', 5, 'past', 4], 1),
        input('use_cache_branch', [1], 9),
      ],
      'decoder.onnx',
    );
    const feeds = inputs.feeds({ ids: [5, 6, 7], real: 2 });
    assert.deepEqual(Object.fromEntries(feeds), {
      input_ids: { type: 'int64', shape: [1, 3], data: [5, 6, 7] },
      attention_mask: { type: 'int32', shape: [1, 3], data: [1, 1, 0] },
      token_type_ids: { type: 'int64', shape: [1, 3], data: [0, 0, 0] },
      position_ids: { type: 'int64', shape: [1, 3], data: [0, 1, 2] },
      'past_key_values.0.key': { type: 'float16', shape: [1, 3, 0, 8], data: [] },
      past_1: { type: 'float32', shape: [2, 1, 5, 0, 4], data: [] },
      use_cache_branch: { type: 'bool', shape: [1], data: [0] },
    });
    assert.equal(inputs.pastHeads, 3);
    assert.equal(inputs.fixed, undefined);
  });

  it('may have a fixed length, where a mask tells padding apart', () => {
    const fixed = input('input_ids', [1, 128]);
    assert.equal(new TextInputs([fixed, input('attention_mask', [1, 128])], 'model.onnx').fixed, 128);
    assert.throws(() => new TextInputs([fixed], 'model.onnx'), {
      name: 'ModelError',
      message:
        'model.onnx reads exactly 128 tokens and takes no attention_mask, so that a shorter text cannot be told from its padding.',
    });
  });

  it('are refused by name where no text gives them', () => {
    const refused = (...inputs: readonly OnnxValue[]) => {
      let message = '';
      assert.throws(
        () => new TextInputs(inputs, 'model.onnx'),
        (error: unknown) => error instanceof Error && (message = error.message) !== '',
      );
      return message;
    };
    assert.match(
      refused(input('pixel_values', [1, 3, 224, 224], 1)),
      /^model\.onnx wants the input pixel_values, which no text gives/,
    );
    assert.match(refused(ids, input('bbox')), /wants the input bbox/);
    assert.match(refused(), /takes no input at all/);
    assert.match(
      refused(ids, input('encoder_hidden_states', undefined, 1)),
      /is the half of an encoder–decoder model that writes, .* choose the encoder’s file/,
    );
    assert.match(
      refused(ids, input('past_key_values.0.key', [1, 'heads', 0, 8], 1)),
      /does not say how large its input past_key_values\.0\.key is/,
    );
    assert.match(refused(ids, input('past_key_values.0.key', undefined, 1)), /past_key_values\.0\.key/);
  });
});

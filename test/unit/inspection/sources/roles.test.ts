import assert from 'node:assert/strict';
import { inMemory } from '../../../../src/engine/tensor.js';
import { findRoles, type Candidate } from '../../../../src/inspection/sources/roles.js';
import { tensor } from '../../../support/inspection/numbers.js';

function candidate(
  name: string,
  shape: readonly number[],
  value: (at: number) => number = () => 0.3,
): Candidate {
  return { key: name, name, file: 'file.npz', source: inMemory(tensor(shape, value)) };
}

async function told(
  ...candidates: readonly Candidate[]
): Promise<Record<string, readonly number[]> | string> {
  const roles = await findRoles(candidates);
  if (roles.kind === 'question') return roles.question.reason;
  return Object.fromEntries(Object.entries(roles.tensors).map(([role, { shape }]) => [role, shape]));
}

async function asked(...candidates: readonly Candidate[]): Promise<string> {
  const answer = await told(...candidates);
  assert.ok(typeof answer === 'string', 'nothing is asked');
  return answer;
}

describe('roles of tensors by name and shape', () => {
  it('Q, K, V under the names that people give them', async () => {
    for (const names of [
      ['Q', 'K', 'V'],
      ['query', 'key', 'value'],
      ['queries', 'keys', 'values'],
      ['layer.3.query_states', 'layer.3.key_states', 'layer.3.value_states'],
    ]) {
      const roles = await told(...names.map((name) => candidate(name, [5, 8])));
      assert.deepEqual(roles, { Q: [5, 8], K: [5, 8], V: [5, 8] });
    }
  });

  it('X and its weights', async () => {
    const weights = ['W_Q', 'W_K', 'W_V', 'W_O'].map((name) => candidate(name, [8, 8]));
    const roles = await told(candidate('X', [5, 8]), ...weights);
    assert.deepEqual(Object.keys(roles), ['X', 'W_Q', 'W_K', 'W_V', 'W_O']);
  });

  it('a weight in PyTorch’s layout is transposed, and that is said', async () => {
    const roles = await findRoles([
      candidate('hidden_states', [5, 8]),
      candidate('self_attn.q_proj.weight', [4, 8], (at) => at),
      candidate('self_attn.k_proj.weight', [4, 8]),
      candidate('self_attn.v_proj.weight', [4, 8]),
    ]);
    assert.ok(roles.kind === 'known');
    const W_Q = roles.tensors['W_Q'];
    assert.deepEqual(W_Q?.shape, [8, 4]);
    const part = await W_Q?.read([
      { start: 1, end: 3 },
      { start: 2, end: 4 },
    ]);
    assert.deepEqual([...(part?.data ?? [])], [17, 25, 18, 26]);
    assert.match(roles.notices.join(' '), /q_proj.weight was read as \(out, in\)/);
  });

  it('a lone matrix whose rows are shares is weights, whatever its name', async () => {
    assert.deepEqual(await told(candidate('arr_0', [2, 3, 4, 4], () => 0.25)), { weights: [2, 3, 4, 4] });
  });

  it('a module’s parameters are no attention weights unless their rows are shares', async () => {
    const shapes: readonly (readonly [weight: string, shape: readonly number[], bias: string])[] = [
      // torch.nn.Linear, LayerNorm, Conv2d, a layer that is called attn, and Keras’ names.
      ['weight', [4, 6], 'bias'],
      ['weight', [8], 'bias'],
      ['conv.weight', [4, 3, 3, 3], 'conv.bias'],
      ['attn.weight', [4, 4], 'attn.bias'],
      ['weights', [4, 6], 'bias'],
    ];
    for (const [weight, shape, bias] of shapes) {
      const [rows = 0] = shape;
      assert.match(await asked(candidate(weight, shape), candidate(bias, [rows])), /^Choose which tensors/);
    }
    assert.match(await asked(candidate('embedding.weight', [5, 4])), /^Choose the role of embedding\.weight/);
    const shares = candidate('weight', [4, 4], () => 0.25);
    assert.deepEqual(await told(shares, candidate('bias', [4])), { weights: [4, 4] });
    assert.deepEqual(await told(candidate('weights', [4, 4])), { weights: [4, 4] });
  });

  it('a mask beside weights that were given is not used, and said', async () => {
    const weights = candidate('weights', [2, 4, 4], () => 0.25);
    const roles = await findRoles([weights, candidate('attention_mask', [1, 4], (at) => Number(at < 3))]);
    assert.ok(roles.kind === 'known');
    assert.deepEqual(Object.keys(roles.tensors), ['weights']);
    assert.deepEqual(roles.notices, ['attention_mask (1, 4) was not used.']);
  });

  it('what only shapes scores is said to be taken for it', async () => {
    const roles = await findRoles([
      ...['Q', 'K'].map((name) => candidate(name, [4, 3])),
      candidate('seq_lens', [1], () => 3),
      candidate('position_bias', [2, 4, 4]),
    ]);
    assert.ok(roles.kind === 'known');
    assert.deepEqual(roles.notices, [
      'seq_lens was read as valid lengths: the keys beyond each are masked.',
      'position_bias was read as a bias that is added to the scores.',
    ]);
  });

  it('a model’s logits are not taken for scores of keys', async () => {
    for (const shape of [
      [3, 7],
      [1, 4, 9],
    ])
      assert.match(await asked(candidate('logits', shape)), /^Choose the role of logits/);
    assert.deepEqual(await told(candidate('logits', [1, 2, 4, 4])), { scores: [1, 2, 4, 4] });
    assert.deepEqual(await told(candidate('attn_logits', [3, 7])), { scores: [3, 7] });
  });

  it('what is not told is asked, naming it', async () => {
    assert.match(await asked(candidate('arr_0', [4, 4])), /^Choose the role of arr_0: /);
    const [a, b, K] = ['a.Q', 'b.Q', 'K'].map((name) => candidate(name, [4, 4]));
    assert.ok(a !== undefined && b !== undefined && K !== undefined);
    assert.match(await asked(a, b, K), /a\.Q and b\.Q could each be Q/);
  });

  it('offers a lone tensor only what can stand alone', async () => {
    const roles = await findRoles([candidate('arr_0', [4, 4])]);
    assert.ok(roles.kind === 'question');
    assert.deepEqual(
      roles.question.roles.map(({ role }) => role),
      ['scores', 'weights'],
    );
  });

  it('an answer is taken as it is', async () => {
    const candidates = [candidate('arr_0', [4, 4]), candidate('arr_1', [4, 4])];
    const roles = await findRoles(candidates, { arr_0: 'Q', arr_1: 'K' });
    assert.ok(roles.kind === 'known');
    assert.deepEqual(Object.keys(roles.tensors), ['Q', 'K']);
  });

  it('scores and the mask beside them', async () => {
    const scores = candidate('attention_scores', [4, 4], (at) => -at);
    assert.deepEqual(await told(scores, candidate('attention_mask', [4, 4])), {
      scores: [4, 4],
      mask: [4, 4],
    });
  });

  it('decoder and encoder states, and the weights that compare them', async () => {
    const weights = [candidate('W_a', [8, 4]), candidate('U_a', [6, 4]), candidate('v_a', [4])];
    const expected = { S: [5, 8], H: [7, 6], W_a: [8, 4], U_a: [6, 4], v_a: [4] };
    for (const [s, h] of [
      ['S', 'H'],
      ['decoder_states', 'encoder_states'],
      ['decoder_hidden_states', 'encoder_hidden_states'],
      ['s', 'annotations'],
    ] as const) {
      assert.deepEqual(await told(candidate(s, [5, 8]), candidate(h, [7, 6]), ...weights), expected);
    }
    const local = await told(
      candidate('S', [5, 8]),
      candidate('H', [7, 8]),
      candidate('W_p', [8, 4]),
      candidate('v_p', [4]),
    );
    assert.deepEqual(local, { S: [5, 8], H: [7, 8], W_p: [8, 4], v_p: [4] });
  });

  it('an s beside nothing that speaks of a decoder stays scores', async () => {
    assert.deepEqual(await told(candidate('S', [5, 8])), { scores: [5, 8] });
  });

  it('biases, sinks and rewards beside Q, K and V', async () => {
    const vectors = ['Q', 'K', 'V'].map((name) => candidate(name, [2, 5, 8]));
    const roles = await told(
      ...vectors,
      candidate('position_bias', [5, 5]),
      candidate('encoder.relative_attention_bias', [32, 2]),
      candidate('sinks', [2]),
      candidate('reward', [5, 5]),
    );
    assert.deepEqual(roles, {
      ...{ Q: [2, 5, 8], K: [2, 5, 8], V: [2, 5, 8] },
      ...{ bias: [5, 5], relative_bias: [32, 2], sinks: [2], reward: [5, 5] },
    });
  });
});

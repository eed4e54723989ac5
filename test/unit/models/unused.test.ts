import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Model } from '../../../src/models/model.js';
import { openModel } from '../../../src/models/open-model.js';
import { unusedNotice } from '../../../src/models/unused.js';
import { fixtures, media, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

describe('Tensors of a checkpoint that nothing is computed from', () => {
  const folders = [
    fixtures,
    ...['answers', 'image-text', 'settings'].map((name) => join(fixtures, name)),
    join(media, 'models'),
  ];

  it('are none that are not known, in all that transformers has written', async () => {
    let tried = 0;
    for (const folder of folders) {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (!existsSync(join(path, 'config.json'))) continue;
        const model = await openModel(platform, path);
        const remarks = model.remarks.filter((remark) => remark.includes('not used'));
        await model.dispose();
        assert.deepEqual(remarks, [], path);
        tried++;
      }
    }
    assert.ok(tried > 80, `only ${tried}`);
  });

  it('are named where the settings have no such part', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'unused-'));
    const remarks = async (name: string, settings: object): Promise<readonly string[]> => {
      const copy = join(scratch, name);
      await cp(join(fixtures, name), copy, { recursive: true });
      const config = readJson<object>(await readFile(join(copy, 'config.json'), 'utf8'));
      await writeFile(join(copy, 'config.json'), JSON.stringify({ ...config, ...settings }));
      const model = await Model.open(platform, copy);
      await model.dispose();
      return model.remarks;
    };
    try {
      const [layers] = await remarks('bert', { num_hidden_layers: 1 });
      assert.match(
        layers ?? '',
        /^16 tensors of the checkpoint are not used: "encoder\.layer\.1\.\S+", .* and 13 more\. /,
      );
      const [biases] = await remarks('llama', { attention_bias: false });
      assert.match(biases ?? '', /^8 tensors .*"model\.layers\.\d\.self_attn\.\w_proj\.bias"/);
      const [decoder] = await remarks('bart', { decoder_layers: 2 });
      assert.match(decoder ?? '', /^26 tensors .*"model\.decoder\.layers\.2\./);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  it('are left out in silence where they are heads, buffers or copies', () => {
    const silent = [
      'bert.embeddings.position_ids',
      'cls.predictions.decoder.weight',
      'bert.pooler.dense.weight',
      'model.layers.3.self_attn.rotary_emb.inv_freq',
      'transformer.h.0.attn.bias',
      'gpt_neox.layers.0.attention.masked_bias',
      'decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight',
      'encoder.embed_tokens.weight',
      'score.weight',
    ];
    assert.equal(unusedNotice(silent), undefined);
    assert.equal(
      unusedNotice([...silent, 'model.layers.0.self_attn.q_proj.lora_A.weight']),
      '1 tensor of the checkpoint is not used: "model.layers.0.self_attn.q_proj.lora_A.weight". By its settings the model has no such part.',
    );
  });
});

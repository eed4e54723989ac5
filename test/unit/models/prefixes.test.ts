import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectText } from '../../../src/inspection/index.js';
import { Model } from '../../../src/models/model.js';
import { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  at,
  failure,
  fixtures,
  media,
  tensorNamed,
  tensorsIn,
} from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';
import { renameTensors } from '../../support/models/renamed.js';

describe('What training leaves in the names of weights', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  function copied(name: string, rename?: (name: string) => string | readonly string[] | undefined): string {
    const folder = join(mkdtempSync(join(tmpdir(), 'prefixes-')), name);
    folders.push(folder);
    cpSync(join(fixtures, name), folder, { recursive: true });
    const file = 'model.safetensors';
    if (rename !== undefined) renameTensors(join(fixtures, name, file), join(folder, file), rename);
    return folder;
  }

  /** Opens the folder, and compares the last hidden states with those of transformers. */
  async function reading(name: string, folder: string): Promise<readonly string[]> {
    const model = await Model.open(platform, folder);
    try {
      const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
      const ids = [...tensorNamed(expected, 'ids').data];
      const graph = model.build(ids.length, model.attention);
      const [last] = await runtime.run(graph.hiddenStates.slice(-1), graph.feeds(ids));
      const states = tensorNamed(
        expected,
        expected.has('encoder_states') ? 'encoder_states' : 'hidden_states',
      );
      assertClose(last ?? assert.fail(), at(states, graph.hiddenStates.length - 1), 1e-4, name);
      return model.reading;
    } finally {
      await model.dispose();
    }
  }
  const said = (...prefixes: readonly string[]): readonly string[] => [
    `The names of the weights were read without ${prefixes.map((each) => `"${each}"`).join(' and ')}, which training left in them.`,
  ];

  it('is seen through, and said', async () => {
    const cases: readonly (readonly [name: string, prefix: string, seen?: readonly string[]])[] = [
      ['bert', 'module.'],
      ['bert', 'model.'],
      ['bert', '_orig_mod.'],
      ['llama', '_orig_mod.'],
      ['llama', 'base_model.model.'],
      ['llama', 'module._orig_mod.', ['_orig_mod.', 'module.']],
      ['gpt2-lm', 'model.'],
      ['t5', 'transformer.'],
      ['bart', 'module.model.'],
      ['roberta', 'state_dict.model.'],
      ['roberta', '0.auto_model.'],
    ];
    for (const [name, prefix, seen = [prefix]] of cases) {
      const found = await reading(
        name,
        copied(name, (each) => prefix + each),
      );
      assert.deepEqual(found, said(...seen), `${name} ${prefix}`);
    }
  });

  it('is seen through in the middle of names, where modules are wrapped one by one', async () => {
    const folder = copied('llama', (name) => name.replace(/(layers\.\d+\.)/, '$1_orig_mod.'));
    assert.deepEqual(await reading('llama', folder), said('_orig_mod.'));
  });

  it('is seen through in a training program’s file, beside its optimiser', async () => {
    const folder = copied('bert');
    rmSync(join(folder, 'model.safetensors'));
    cpSync(join(fixtures, 'wrapped'), folder, { recursive: true });
    assert.deepEqual(await reading('bert', folder), said('state_dict.model.'));
  });

  it('is not looked for where the names are the family’s own', async () => {
    for (const name of ['bert', 'llama', 't5', 'bart', 'gpt2-lm']) {
      assert.deepEqual(await reading(name, join(fixtures, name)), []);
    }
  });

  it('is told where a text is inspected', async () => {
    const folder = copied('gpt2-text', (name) => `module.${name}`);
    const inspection = await inspectText('The weight', { media, model: folder });
    assert.ok(
      inspection.summary.notices.includes(said('module.')[0] ?? ''),
      inspection.summary.notices.join(),
    );
    await inspection.dispose();
  });

  it('is refused where two models would fit, or an adapter was not merged', async () => {
    const two = copied('bert', (name) => [`student.${name}`, `teacher.${name}`]);
    assert.equal(
      await failure(two),
      'bert holds several models: the weights behind "student." and "teacher." all fit. Keep one of them in the file.',
    );
    const adapter = copied('llama', (name) => {
      const own = `base_model.model.${name}`;
      if (!name.endsWith('q_proj.weight')) return own;
      return [own.replace('q_proj.', 'q_proj.base_layer.'), own.replace('q_proj.', 'q_proj.lora_A.default.')];
    });
    assert.match(
      await failure(adapter),
      /^llama holds an adapter that was not merged into its model: "base_model\..*lora_A\.default\.weight" and others\. Merge it/,
    );
  });

  it('is not seen through where only some weights have it: transformers would not find these', async () => {
    const folder = copied('llama', (name) => (name.includes('layers.0') ? `module.${name}` : name));
    assert.match(
      await failure(folder),
      /^llama lacks the tensor "model\.layers\.0\.\S+": .* There is "module\.model\.layers\.0\.\S+" instead\./,
    );
  });

  it('is part of the name of a tensor that is missing', async () => {
    const folder = copied('bert', (name) =>
      name.includes('layer.1.output.dense.weight') ? undefined : `module.${name}`,
    );
    assert.match(
      await failure(folder),
      /^bert lacks the tensor "[\w.]+": config\.json asks for it, and model\.safetensors does not hold it\. .* save or download both together\.$/,
    );
  });
});

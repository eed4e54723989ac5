import assert from 'node:assert/strict';
import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AttendParameters } from '../../../../src/engine/mechanisms/index.js';
import { roleOf, type Role, type Value } from '../../../../src/engine/graph.js';
import { architectures } from '../../../../src/models/architectures/index.js';
import { Model } from '../../../../src/models/model.js';
import { fixtures } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** What capturing, masking, measuring and the model's page look for. */
const always: readonly Role[] = ['query', 'key', 'value', 'scores', 'weights', 'output'];

describe('Every model family says what the steps of its layers are for', () => {
  const folders = readdirSync(fixtures).filter((name) => existsSync(join(fixtures, name, 'config.json')));
  const seen = new Set<string>();

  for (const name of folders) {
    it(name, async () => {
      const model = await Model.open(platform, join(fixtures, name));
      try {
        seen.add(model.checkpoint.config.modelType ?? '');
        const encoder = model.build(3, model.attention);
        assertRoles(encoder.layers, ['input', ...masked(model.attention)]);
        const memory = encoder.hiddenStates.at(-1);
        if (model.decoder === undefined || memory === undefined) return;
        const { attention } = model.decoder;
        const { layers, cross } = model.buildDecoder(2, memory, attention);
        assertRoles(layers, ['input', ...masked(attention.decoder)]);
        assertRoles(cross, ['query-input', 'key-input', ...masked(attention.cross)]);
      } finally {
        await model.dispose();
      }
    });
  }

  it('of every model type that is read', () => {
    assert.deepEqual(seen, new Set(architectures.flatMap(({ modelTypes }) => modelTypes)));
  });
});

/** Attention without a mask has no step for one. */
function masked({ mask }: AttendParameters): readonly Role[] {
  return mask.kind === 'none' ? [] : ['masked'];
}

function assertRoles(layers: readonly (readonly Value[])[], sources: readonly Role[]): void {
  assert.ok(layers.length > 0);
  for (const steps of layers) {
    const roles = new Set(steps.flatMap((step) => roleOf(step) ?? []));
    assert.deepEqual(roles, new Set([...sources, ...always]));
  }
}

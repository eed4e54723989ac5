import type { Engine } from '../../../src/inspection/core/engine.js';
import type { LayerPicture, ModelReference } from '../../../src/protocol.js';
import type { ModelAnswers } from './fake-host.js';

/** What the engine really says of a model. */
export async function answersOf(engine: Engine, reference: ModelReference): Promise<ModelAnswers> {
  const page = await engine.modelPage(reference);
  const layers: LayerPicture[][] = [];
  for (const [stack, { layers: count }] of page.stacks.entries()) {
    const pictures = Array.from({ length: count }, (_, layer) =>
      engine.modelLayer(reference, { stack, layer }),
    );
    layers.push(await Promise.all(pictures));
  }
  return { page, isUsed: false, layers };
}

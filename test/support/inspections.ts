import assert from 'node:assert/strict';
import type { Engine } from '../../src/inspection/core/engine.js';
import { Inspection } from '../../src/inspection/core/inspection.js';
import type { Material, OpenRequest, ReadBy, WireTensor } from '../../src/protocol.js';

type Rest = Omit<OpenRequest, 'material' | 'by'>;

/** What a text is opened with. */
export interface TextOptions extends Rest, ReadBy {
  readonly text: string;
  readonly second?: string;
}

/** The request that opens a text, or two. */
export function textRequest({ text, second, model, mechanism, ...rest }: TextOptions): OpenRequest {
  const texts = second === undefined ? ([text] as const) : ([text, second] as const);
  const by = {
    ...(model === undefined ? {} : { model }),
    ...(mechanism === undefined ? {} : { mechanism }),
  };
  return { material: { kind: 'text', texts }, by, ...rest };
}

export function openText(engine: Engine, options: TextOptions): Promise<Inspection> {
  return opened(engine, textRequest(options));
}

export function openTensors(
  engine: Engine,
  { tensors, ...rest }: Rest & { readonly tensors: Readonly<Record<string, WireTensor>> },
): Promise<Inspection> {
  const material: Material = { kind: 'tensors', tensors };
  return opened(engine, { material, ...rest });
}

async function opened(engine: Engine, request: OpenRequest): Promise<Inspection> {
  const result = await engine.open(request);
  assert.ok(result instanceof Inspection, 'a question was asked instead');
  return result;
}

import { ModelError } from '../../../models/index.js';
import type { ModelReference } from '../../../protocol.js';
import { exportPath } from '../../core/models.js';

export { probe } from './probe.js';

export type Probed = Exclude<ModelReference, { kind: 'dates' }>;

/** Whether a model's heads can be probed: exports and date models read no tokens that could be repeated. */
export function isProbed(model: ModelReference): model is Probed {
  return model.kind !== 'dates' && exportPath(model) === undefined;
}

/** @throws ModelError for a model whose heads are not probed */
export function probed(model: ModelReference): Probed {
  if (isProbed(model)) return model;
  throw new ModelError(
    model.kind === 'dates'
      ? 'The heads of a model for written dates are not probed: it reads no English.'
      : 'The heads of an ONNX export are not probed; open the checkpoint that it was made of instead.',
  );
}

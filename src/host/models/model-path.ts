import { embeddedNames } from '../../common/embedded-models.js';
import type { ModelReference } from '../../protocol.js';

/** The model at a path: a file, by its ending, or a folder. */
export function modelAt(path: string): ModelReference {
  return { kind: /\.(gguf|onnx|pt)$/i.test(path) ? 'file' : 'folder', path };
}

/** What a model is called where there is little room. */
export function modelName(model: ModelReference): string {
  switch (model.kind) {
    case 'embedded':
    case 'gpt':
    case 'scenes':
    case 'numbers':
      return embeddedNames[model.kind];
    case 'folder':
    case 'file':
      return model.path.slice(Math.max(model.path.lastIndexOf('/'), model.path.lastIndexOf('\\')) + 1);
    case 'dates':
      return `dates-${model.score}`;
  }
}

export function sameModel(a: ModelReference, b: ModelReference): boolean {
  if (modelPath(a) !== undefined) return modelPath(a) === modelPath(b);
  return a.kind === 'dates' && b.kind === 'dates' ? a.score === b.score : a.kind === b.kind;
}

/** Where a model lies on disk; undefined for those that come along. */
export function modelPath(reference: ModelReference): string | undefined {
  return reference.kind === 'folder' || reference.kind === 'file' ? reference.path : undefined;
}

import {
  scaledDotProduct,
  withDefaults,
  type Parameter,
  type ParameterValues,
} from '../../../engine/mechanisms/index.js';
import type { Value } from '../../../engine/graph.js';
import { inMemory, type Shape, type Tensor, type TensorSource } from '../../../engine/tensor.js';
import type { AttentionReading, ReadyScores } from '../../../models/index.js';
import type { Layer } from '../../core/subject.js';

type Numbers = Tensor<Float32Array>;

/** What attention starts from, as dot-product attention takes it: tensors by input name, and settings. */
export interface Material {
  readonly tensors: Readonly<Record<string, Numbers>>;
  readonly defaults: ParameterValues;
}

/** Queries, keys and values of an export, with the mask and the scaling that were found. */
export function materialOf(
  { Q, K, V, divisor, softcap, masking }: AttentionReading,
  hasBias: boolean,
): Material {
  const { keep, bias } = masking;
  const size = Q.shape[2] ?? 1;
  // A head’s size is a whole number; 1/√d_k comes back from float32 with an error of its last bit.
  const isRoot = Math.abs(divisor * divisor - size) < 1e-5 * size;
  const n = Q.shape[1] ?? 0;
  const m = K.shape[1] ?? 0;
  return {
    tensors: {
      Q,
      K,
      V,
      ...(keep === undefined ? {} : { keep }),
      // All layers have the same steps: one that adds nothing, among others that add something, adds 0.
      ...(hasBias ? { bias: bias ?? { shape: [n, m], data: new Float32Array(n * m) } } : {}),
    },
    defaults: {
      causal: masking.kind === 'causal' ? 'on' : 'off',
      ...(keep === undefined ? {} : { keepMask: 'keep' }),
      ...(isRoot
        ? { scaling: 'sqrt' }
        : Math.abs(divisor - 1) < 1e-6
          ? { scaling: 'none' }
          : { scaling: 'number', divisor }),
      ...(softcap === undefined ? {} : { softcap }),
    },
  };
}

/** Scores as an export gave them to its softmax: they are scaled and masked. */
export function materialOfScores({ scores, V }: ReadyScores): Material {
  return { tensors: { scores, V }, defaults: {} };
}

/** All layers have the same steps: one that masks or scales nothing, among others that do, keeps every key and divides by 1. */
export function withSameSteps(materials: readonly Material[]): readonly Material[] {
  const masks = materials.some(({ tensors, defaults }) => isMasked(tensors, defaults));
  const scales = materials.some(({ defaults }) => (defaults['scaling'] ?? 'none') !== 'none');
  return materials.map(({ tensors, defaults }) => {
    const unmasked = masks && !isMasked(tensors, defaults);
    const unscaled = scales && defaults['scaling'] === 'none';
    const [n = 0, m = 0] = [tensors['Q']?.shape[1], tensors['K']?.shape[1]];
    const keep = { shape: [n, m], data: new Float32Array(n * m).fill(1) };
    return {
      tensors: unmasked ? { ...tensors, keep } : tensors,
      defaults: {
        ...defaults,
        ...(unmasked ? { keepMask: 'keep' } : {}),
        ...(unscaled ? { scaling: 'number', divisor: 1 } : {}),
      },
    };
  });
}

function isMasked(tensors: Material['tensors'], defaults: ParameterValues): boolean {
  return defaults['causal'] === 'on' || tensors['keep'] !== undefined;
}

/** Positions are in an export's queries and keys already. */
const elsewhere: ReadonlySet<string> = new Set(['rotary', 'rotaryBase', 'heads']);

/** The controls over such attention; they stand as the export computed. */
export function controlsOf({ tensors, defaults }: Material): readonly Parameter[] {
  const offered = scaledDotProduct.parameters(shapesOf(tensors)).filter(({ name }) => !elsewhere.has(name));
  return withDefaults(offered, defaults);
}

/** @param changed what a reader chose other than the file */
export function buildLayer({ tensors, defaults }: Material, changed: ParameterValues): Layer {
  // “The given one” is each layer’s own, which for some may be none.
  const chosen = Object.entries(changed).filter(
    ([name, value]) => value !== 'matrix' && !(name === 'keepMask' && tensors['keep'] === undefined),
  );
  const values = {
    ...defaults,
    ...('bias' in tensors ? { bias: 'matrix' } : {}),
    ...Object.fromEntries(chosen),
  };
  const graph = scaledDotProduct.build(shapesOf(tensors), values);
  const kept = new Map<Value, TensorSource>();
  for (const [name, leaf] of graph.inputs) {
    const tensor = tensors[name];
    if (tensor !== undefined) kept.set(leaf, inMemory(tensor));
  }
  return { steps: graph.steps, kept };
}

function shapesOf(tensors: Readonly<Record<string, Numbers>>): Record<string, Shape> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

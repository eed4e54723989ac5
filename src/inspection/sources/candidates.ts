import { ParameterError, type Mechanism } from '../../engine/mechanisms/index.js';
import { ShapeError, type Shape, type TensorSource } from '../../engine/tensor.js';
import {
  fitLengths,
  fitMask,
  fitPadding,
  isAside,
  type FittedMask,
  type MaskedShape,
  type MaskReading,
} from './masks.js';
import type { MaskMeaning } from './mask-meanings.js';

type Meanings = Readonly<Record<string, MaskMeaning>> | undefined;

/** A mechanism with the tensors that are its inputs. */
export interface Candidate {
  readonly mechanism: Mechanism;
  readonly sources: ReadonlyMap<string, TensorSource>;
  /** The inputs with a leading axis of layers, or of a batch. */
  readonly layered: ReadonlySet<string>;
  readonly notices: readonly string[];
}

/** A mechanism with tensors, if it can be built from them. */
export function buildable(
  mechanism: Mechanism,
  tensors: ReadonlyMap<string, TensorSource>,
  isLayered: (name: string) => boolean | undefined,
  meanings: Meanings,
): Candidate | undefined {
  try {
    const candidate = candidateOf(mechanism, tensors, isLayered, meanings);
    const shapes = shapesOf(candidate);
    const values = mechanism.parameters(shapes).map(({ name, value }) => [name, value] as const);
    mechanism.build(shapes, Object.fromEntries(values));
    return candidate;
  } catch (error) {
    if (error instanceof ShapeError || error instanceof ParameterError) return undefined;
    throw error;
  }
}

/**
 * @param isLayered whether an input has a leading axis of layers, where that was told; else its number of axes tells
 * @throws ShapeError where a mask does not fit
 */
export function candidateOf(
  mechanism: Mechanism,
  tensors: ReadonlyMap<string, TensorSource>,
  isLayered: (name: string) => boolean | undefined,
  meanings: Meanings,
): Candidate {
  const layered = new Set(
    [...tensors].flatMap(([name, { shape }]) =>
      !isAside(name) && (isLayered(name) ?? shape.length === mostAxes(mechanism, name) + 1) ? [name] : [],
    ),
  );
  const sources = new Map(tensors);
  const plain: Candidate = { mechanism, sources, layered, notices: [] };
  const to =
    layered.size > 0 ? maskedShape(plain) : { ...maskedShape(plain), layers: layersOfMasks(tensors) };
  const notices: string[] = [];
  for (const [name, source] of tensors) {
    if (!isAside(name)) continue;
    const fitted = fitOne(name, source, to, {
      perSequence: meanings?.[name]?.perSequence === true,
      pads: tensors.has('lengths'),
      called: meanings?.[name]?.name,
    });
    sources.set(name, fitted.source);
    if (fitted.layered) layered.add(name);
    if (fitted.notice !== undefined) notices.push(fitted.notice);
  }
  return { ...plain, notices };
}

/** Where nothing else has layers, a mask of four axes may. */
function layersOfMasks(tensors: ReadonlyMap<string, TensorSource>): number {
  const counts = [...tensors].flatMap(([name, { shape }]) =>
    isAside(name) && shape.length === 4 ? [shape[0] ?? 1] : [],
  );
  return Math.max(1, ...counts);
}

function fitOne(name: string, source: TensorSource, to: MaskedShape, how: MaskReading): FittedMask {
  if (name === 'padding') return fitPadding(source, to);
  return name === 'lengths' ? fitLengths(source, to) : fitMask(name, source, to, how);
}

/** What masks have to fit, as far as the other inputs tell. */
function maskedShape(candidate: Candidate): MaskedShape {
  const shapes = shapesOf(candidate);
  const { Q, K, V, X, Xq, Xkv, S, H, scores, weights, past_K } = shapes;
  const rows = (shape: Shape | undefined): number | undefined => shape?.at(-2);
  const whole = scores ?? weights;
  const keys = rows(K ?? V);
  const perHead = whole ?? Q;
  return {
    layers: layerCount(candidate),
    heads: perHead?.length === 3 ? perHead[0] : whole === undefined && S === undefined ? undefined : 1,
    queries: whole?.at(-2) ?? rows(Q ?? Xq ?? X ?? S),
    keys:
      whole?.at(-1) ?? rows(Xkv ?? X ?? H) ?? (keys === undefined ? undefined : keys + (rows(past_K) ?? 0)),
  };
}

export function shapesOf({ sources, layered }: Candidate): Readonly<Record<string, Shape>> {
  return Object.fromEntries(
    [...sources].map(([name, { shape }]) => [name, layered.has(name) ? shape.slice(1) : shape]),
  );
}

export function mostAxes(mechanism: Mechanism, name: string): number {
  const axes = mechanism.inputs.find((each) => each.name === name)?.axes ?? [];
  return Math.max(...axes.map((each) => each.length));
}

export function layerCount({ sources, layered: names }: Candidate): number {
  const layered = [...sources].filter(([name]) => names.has(name));
  const counts = new Map(layered.map(([name, source]) => [source.shape[0] ?? 0, name]));
  if (counts.size > 1) {
    const each = layered.map(([name, source]) => `${name} has ${source.shape[0]}`).join(', ');
    throw new ShapeError(`The inputs do not have the same number of layers: ${each}.`);
  }
  const [count = 1] = counts.keys();
  if (count < 1) throw new ShapeError('There is no layer in these tensors: their first axis is empty.');
  return count;
}

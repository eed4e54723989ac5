import { atom, binding, compose, number, type Language } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Shape } from '../../tensor.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from '../broadcast.js';
import { cellOf, printFill, unchanged } from '../cases.js';

/** What a mask’s ones say: that a key takes part (transformers, ONNX), or that it is left out (PyTorch’s `nn.Transformer`). */
export type Kept = 'ones' | 'zeros';

/**
 * Sets the scores of keys that are not to be attended to to −∞.
 * @param scores (…, query, key)
 * @param given zeros, and other numbers; repeated along the axes that it lacks, or that are 1, as NumPy does: (key), (query, key), …
 * @param fill what the others become: −∞ for scores, 0 for their gradient
 * @param kept which entries of `given` keep a key: those that are not 0, or those that are
 */
export function maskKeys(scores: Value, given: Value, fill = -Infinity, kept: Kept = 'ones'): Value {
  return apply(operationFor(fill, kept), [scores, given]);
}

/** @throws ShapeError where a mask does not fit scores. */
export function checkMaskShape(scores: Shape, given: Shape): Shape {
  const [m = 0, n = 0, heads] = scores.toReversed();
  const own = given.slice(-scores.length);
  const extra = given.slice(0, given.length - own.length);
  const fits = own.every((extent, at) => extent === 1 || extent === scores[at - own.length + scores.length]);
  if (!fits || extra.some((extent) => extent !== 1) || given.length === 0) {
    const most = heads === undefined || heads === 1 ? '' : `, or (head ${heads}, query ${n}, key ${m})`;
    throw new ShapeError(
      `The mask is (query ${n}, key ${m})${most}, but ${formatShape(given)} was given. It may lack axes in front, and be 1 along any.`,
    );
  }
  return scores.length >= given.length ? scores : broadcastShape([scores, given]);
}

/** A mask’s cell in TeX: p_j of one for all queries, M_{ij} of one for each. */
export function maskCell(tex: string, shape: Shape): string {
  if (shape.length !== 1) return cellOf(tex);
  return /[\s_^]/.test(tex) ? `{${tex}}_j` : `${tex}_j`;
}

/** What a mask’s cell is for, in words. */
export function maskPlace(index: readonly number[]): string {
  const [key = 0, query, head] = index.toReversed();
  if (query === undefined) return `key ${key}`;
  return `${head === undefined ? '' : `head ${head}, `}query ${query} and key ${key}`;
}

function operationFor(fill: number, kept: Kept): Operation {
  const keeps = (value: number): boolean => (kept === 'ones' ? value !== 0 : value === 0);
  const test = (language: Language): string =>
    language === 'tex' ? (kept === 'ones' ? '\\ne 0' : '= 0') : kept === 'ones' ? '!= 0' : '== 0';
  return {
    name: 'mask-keys',

    shape: ([scores = [], given = []]) => checkMaskShape(scores, given),
    reads: (region, shapes) => shapes.map((shape) => broadcastRegion(region, shape)),
    evaluate: (inputs, shape) =>
      broadcastEvaluate(inputs, shape, ([score = 0, given = 0]) => (keeps(given) ? score : fill)),

    onnx(emitter, [scores = '', given = '']) {
      const isZero = emitter.node('Equal', [given, emitter.floats([0], [])]);
      const other = emitter.floats([fill], []);
      return emitter.node('Where', kept === 'ones' ? [isZero, other, scores] : [isZero, scores, other]);
    },

    print(language, inputs, [, shape = []]) {
      const [scores = atom(''), given = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\begin{cases} ${cellOf(scores.text)} & ${maskCell(given.text, shape)} ${test(language)} \\\\ ${printFill(fill, language)} & \\text{otherwise} \\end{cases}`,
          binding.call,
          inputs,
        );
      }
      const where = language === 'numpy' ? 'np.where' : 'torch.where';
      return compose(
        `${where}(${given.text} ${test(language)}, ${scores.text}, ${printFill(fill, language)})`,
        binding.atom,
        inputs,
      );
    },

    async derive(cell) {
      const at = broadcastIndex(cell.index, cell.shapes[1] ?? []);
      const given = await cell.scalar(1, at);
      if (keeps(given.value)) return unchanged(cell);
      const place = maskPlace(cell.index.slice(-at.length));
      return {
        value: fill,
        numbers: number(fill),
        sums: [],
        remark:
          at.length === 1
            ? `Masked: ${place} is padding.`
            : `Masked: the mask is ${number(given.value).text} for ${place}.`,
      };
    },

    vjp: (upstream, [, given]) => [given && maskKeys(upstream, given, 0, kept), undefined],
  };
}

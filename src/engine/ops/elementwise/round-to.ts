import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { nearest, type HalfPrecision } from '../../precision.js';
import { unary, type Unary } from '../elementwise.js';

/** ONNX's number of the type, and how formulas write it. */
const forms = {
  float16: { element: 10, tex: '16' },
  bfloat16: { element: 16, tex: '\\mathrm{b}16' },
} as const;

/** Every entry rounded to a format of 16 bits, as if it had been stored in it. */
export function roundTo(value: Value, precision: HalfPrecision): Value {
  return unary(value, descriptionOf(precision));
}

const numpyDefinition = `def bfloat16(x):
    """Rounded to the 8 bits of bfloat16, to nearest, ties to even."""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(x.dtype)`;

function descriptionOf(precision: HalfPrecision): Unary {
  const { element, tex } = forms[precision];
  return {
    name: 'round-to',
    attributes: { precision },
    compute: (value) => nearest(value, precision),
    onnx: (emitter, input) =>
      emitter.node('Cast', [emitter.node('Cast', [input], { to: element })], { to: 1 }),
    print(language, inner) {
      switch (language) {
        case 'tex':
          return { text: `\\operatorname{fl}_{${tex}}\\left(${inner.text}\\right)`, binding: binding.call };
        case 'numpy': {
          const text = inside(inner, binding.atom, language);
          return precision === 'float16'
            ? { text: `${text}.astype(np.float16).astype(${text}.dtype)`, binding: binding.atom }
            : { text: `bfloat16(${inner.text})`, binding: binding.atom, prelude: [numpyDefinition] };
        }
        case 'pytorch': {
          const text = inside(inner, binding.atom, language);
          return { text: `${text}.to(torch.${precision}).to(${text}.dtype)`, binding: binding.atom };
        }
      }
    },
    // As PyTorch's own casts: the gradient passes through.
    vjp: (upstream) => upstream,
  };
}

import { binding, compose, number, type Language } from '../../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../../graph.js';
import { ShapeError } from '../../tensor.js';

/**
 * Uniform random numbers between 0 and 1, one for each cell, made from nothing but a seed and the cell's place: so any
 * part of them can be computed alone, and a program in another language comes to the same.
 *
 * The place's coordinates go one after the other through T. Mueller's integer hash of 32 bits; the upper 23 bits b of
 * the result give (b + ½) / 2²³, which float32 holds exactly and which is neither 0 nor 1.
 * @param positions for each axis, the places along it
 */
export function noise(positions: readonly Value[], seed: number): Value {
  return apply(operationFor(seed), positions);
}

/** Below 2³¹, so that products of 32 and 31 bits stay exact in 64-bit signed integers. */
const factor = 0x45d9f3b;
const mask32 = 0xffffffff;

/** Mixes 32 bits: two rounds of shift, xor and multiply, and a last shift. */
function mixed(x: number): number {
  x = Math.imul(x ^ (x >>> 16), factor);
  x = Math.imul(x ^ (x >>> 16), factor);
  return (x ^ (x >>> 16)) >>> 0;
}

const numpyDefinition = `def uniform_noise(seed, *places):
    """One number in (0, 1) for each cell, from the seed and the cell's place alone."""
    def mix(x):
        for _ in range(2):
            x = ((x ^ (x >> 16)) * ${factor}) & ${mask32}
        return x ^ (x >> 16)
    x = mix(np.array([seed], dtype=np.int64))
    for axis, place in enumerate(places):
        place = place.astype(np.int64).reshape([-1 if at == axis else 1 for at in range(len(places))])
        x = mix((x + place + 1) & ${mask32})
    return ((x >> 9) + 0.5) / 2 ** 23`;

const pytorchDefinition = `def uniform_noise(seed, *places):
    """One number in (0, 1) for each cell, from the seed and the cell's place alone."""
    def mix(x):
        for _ in range(2):
            x = ((x ^ (x >> 16)) * ${factor}) & ${mask32}
        return x ^ (x >> 16)
    x = mix(torch.tensor([seed], dtype=torch.int64))
    for axis, place in enumerate(places):
        place = place.to(torch.int64).reshape([-1 if at == axis else 1 for at in range(len(places))])
        x = mix((x + place + 1) & ${mask32})
    return ((x >> 9) + 0.5) / 2 ** 23`;

function numberAt(seed: number, place: readonly number[]): number {
  let x = mixed(seed);
  for (const at of place) x = mixed((x + at + 1) | 0);
  return ((x >>> 9) + 0.5) / 2 ** 23;
}

function mixedOnnx(emitter: OnnxEmitter, input: string): string {
  const integer = (value: number): string => emitter.integers([value], []);
  const shifted = (x: string): string =>
    emitter.node('BitwiseXor', [x, emitter.node('Div', [x, integer(2 ** 16)])]);
  let x = input;
  for (let round = 0; round < 2; round++) {
    x = emitter.node('BitwiseAnd', [emitter.node('Mul', [shifted(x), integer(factor)]), integer(mask32)]);
  }
  return shifted(x);
}

function operationFor(seed: number): Operation {
  return {
    name: 'noise',

    shape(inputs) {
      if (inputs.some((shape) => shape.length !== 1))
        throw new ShapeError('Noise takes a list of places an axis.');
      return inputs.map(([count = 0]) => count);
    },

    reads: (region) => region.map((range) => [range]),

    evaluate(inputs, shape) {
      const out = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
      const place = shape.map(() => 0);
      for (let at = 0; at < out.length; at++) {
        let rest = at;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          const extent = shape[axis] ?? 1;
          place[axis] = inputs[axis]?.data[rest % extent] ?? 0;
          rest = Math.floor(rest / extent);
        }
        out[at] = numberAt(seed, place);
      }
      return out;
    },

    onnx(emitter, inputs) {
      const integer = (value: number): string => emitter.integers([value], []);
      let x = integer(mixed(seed));
      inputs.forEach((input, axis) => {
        const others = inputs.map((_, at) => at).filter((at) => at !== axis);
        const spread =
          others.length === 0
            ? input
            : emitter.node('Unsqueeze', [input, emitter.integers(others, [others.length])]);
        const sum = emitter.node('Add', [emitter.node('Add', [x, spread]), integer(1)]);
        x = mixedOnnx(emitter, emitter.node('BitwiseAnd', [sum, integer(mask32)]));
      });
      const upper = emitter.node('Cast', [emitter.node('Div', [x, integer(2 ** 9)])], { to: 1 });
      return emitter.node('Mul', [
        emitter.node('Add', [upper, emitter.floats([0.5], [])]),
        emitter.floats([2 ** -23], []),
      ]);
    },

    print(language: Language, inputs) {
      const places = inputs.map(({ text }) => text).join(', ');
      switch (language) {
        case 'tex':
          return compose(`\\operatorname{uniform}_{${seed}}\\left(${places}\\right)`, binding.call, inputs);
        case 'numpy':
          return compose(`uniform_noise(${seed}, ${places})`, binding.atom, inputs, [numpyDefinition]);
        case 'pytorch':
          return compose(`uniform_noise(${seed}, ${places})`, binding.atom, inputs, [pytorchDefinition]);
      }
    },

    async derive(cell) {
      const places = await Promise.all(cell.index.map((at, axis) => cell.scalar(axis, [at])));
      const value = numberAt(
        seed,
        places.map((place) => place.value),
      );
      return {
        value,
        numbers: number(value),
        sums: [],
        remark: `Drawn from seed ${seed} and the cell’s place: the same every time.`,
      };
    },

    vjp: (_, inputs) => inputs.map(() => undefined),
  };
}

export interface TestTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A tensor whose cells are given by their place in row-major order. */
export function tensor(shape: readonly number[], value: (at: number) => number): TestTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, at) => value(at)) };
}

/** Numbers between −1 and 1 that are the same every time (Park & Miller 1988). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  };
}

import type { Tensor } from '../../../engine/tensor.js';

/**
 * Positions as sines in the first half of the features and cosines in the second (Vaswani et al. 2017, §3.5, whose own
 * features take turns).
 * @param places the position of each row
 * @param rate the angle of feature k grows by this with each position
 * @param sines how many features are sines; a last one that neither half has is 0
 * @returns (places, width)
 */
export function sinusoids(
  places: readonly number[],
  width: number,
  rate: (k: number) => number,
  sines = Math.ceil(width / 2),
): Tensor {
  const cosines = Math.floor(width / 2);
  const data = new Float64Array(places.length * width);
  places.forEach((place, row) => {
    for (let k = 0; k < sines; k++) data[row * width + k] = Math.sin(place * rate(k));
    for (let k = 0; k < cosines; k++) data[row * width + sines + k] = Math.cos(place * rate(k));
  });
  return { shape: [places.length, width], data };
}

/** Of every position from 0 on, with the paper's rates: 10000^(−2k / width). @returns (ids, width) */
export function positionSinusoids(ids: readonly number[], width: number): Tensor {
  return sinusoids(
    ids.map((_id, at) => at),
    width,
    (k) => 10_000 ** ((-2 * k) / width),
  );
}

import type { Image } from '../../../src/media/image/index.js';

/** As test/fixtures/media/make_images.py makes it. */
export function noise(width: number, height: number): Image {
  let state = 12345n;
  const data = Uint8Array.from({ length: 3 * width * height }, () => {
    state = (state * 1103515245n + 12345n) % 2n ** 31n;
    return Number((state >> 16n) & 255n);
  });
  return { width, height, data };
}

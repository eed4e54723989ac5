import type { DecodedImage } from '../../../media/image/index.js';
import { uniform } from './seed.js';

const width = 448;
const height = 336;
const shapes = 24;
const seed = 2021;

/** What every model that reads images is probed with: disks and boxes in colours of their own over a slope of light, with grain. The same each time. */
export function probePicture(): DecodedImage {
  const random = uniform(seed);
  const drawn = Array.from({ length: shapes }, () => ({
    x: random() * width,
    y: random() * height,
    across: 12 + random() * 70,
    down: 12 + random() * 70,
    round: random() < 0.5,
    colour: [random() * 255, random() * 255, random() * 255] as const,
  }));
  const data = new Uint8Array(3 * width * height); // (row, column, channel)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const over = drawn.findLast(({ x, y, across, down, round }) => {
        const [right, below] = [(column - x) / across, (row - y) / down];
        return round ? right * right + below * below < 1 : Math.max(Math.abs(right), Math.abs(below)) < 1;
      });
      const light = 60 + (120 * row) / height + (60 * column) / width;
      const grain = 16 * (random() - 0.5);
      for (let channel = 0; channel < 3; channel++) {
        const value = (over?.colour[channel] ?? light - 20 * channel) + grain;
        data[3 * (row * width + column) + channel] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  return { width, height, data, format: 'drawn', notes: [] };
}

import type { Tensor } from '../../../engine/tensor.js';
import type { LogMelSettings } from './settings.js';

/** The highest frequency that a band reaches, in Hz, whatever the rate is: as Whisper's extractor has it. */
const highest = 8000;

/**
 * Slaney's mel scale (Auditory Toolbox, 1998): even to 1000 Hz, logarithmic above.
 */
const even = 200 / 3;
const knee = 1000;
const steps = 27 / Math.log(6.4);

function toMel(frequency: number): number {
  return frequency < knee ? frequency / even : knee / even + Math.log(frequency / knee) * steps;
}

function fromMel(mel: number): number {
  return mel < knee / even ? mel * even : knee * Math.exp((mel - knee / even) / steps);
}

/** Where triangles begin, have their middle and end. In Hz. // (band + 2) */
function cornersOf(bands: number): readonly number[] {
  const top = toMel(highest);
  return Array.from({ length: bands + 2 }, (_, at) => fromMel((top * at) / (bands + 1)));
}

/** The middle of each band, in Hz. */
export function melMiddles(bands: number): readonly number[] {
  return cornersOf(bands).slice(1, -1);
}

/**
 * Triangles over the frequencies, each with an area of 1 (Slaney's norm), as `mel_filter_bank` of transformers makes them.
 * @returns (frequency, band)
 */
export function melFilters({ rate, bands, window }: LogMelSettings): Tensor<Float64Array> {
  const frequencies = Math.floor(window / 2) + 1;
  const corners = cornersOf(bands);
  const data = new Float64Array(frequencies * bands);
  for (let row = 0; row < frequencies; row++) {
    // To half the rate, in equal steps, even where a window is odd.
    const frequency = frequencies === 1 ? 0 : ((rate / 2) * row) / (frequencies - 1);
    for (let band = 0; band < bands; band++) {
      const [low = 0, middle = 0, high = 0] = corners.slice(band, band + 3);
      const height = Math.min((frequency - low) / (middle - low), (high - frequency) / (high - middle));
      data[row * bands + band] = (Math.max(0, height) * 2) / (high - low);
    }
  }
  return { shape: [frequencies, bands], data };
}

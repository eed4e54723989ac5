/**
 * How a recording is brought to another rate: a sinc in a Kaiser window, 130 dB down from half of the lower rate on, flat to 91 % of
 * that, as soxr's "very high quality" is.
 */
export const resampling = 'windowed sinc (Kaiser, 130 dB, flat to 91 % of the band)';

const attenuation = 130;
const passband = 0.912;
/** Kaiser & Schafer 1980: the shape of the window, and half its length in samples of the lower rate. */
const beta = 0.1102 * (attenuation - 8.7);
const reach = Math.ceil((attenuation - 8) / (2.285 * Math.PI * (1 - passband)) / 2);

/** Phases that are kept as they are; where there are more, a table is read between its points. */
const maxPhases = 1024;
const pointsPerSample = 2048;

/** A part of a signal that goes on to both sides. */
export interface Part {
  /** // (sample) */
  readonly samples: Float32Array;
  /** Which of the whole signal's samples the first one is. */
  readonly start: number;
}

/** How many samples there are at another rate. */
export function resampledLength(length: number, from: number, to: number): number {
  return Math.round((length * to) / from);
}

/** What has to be known of a signal to make some of its samples at another rate; it may leave the signal. */
export function neededFor(range: { start: number; end: number }, from: number, to: number): { start: number; end: number } {
  if (from === to) return range;
  const margin = reach * Math.max(1, from / to) + 1;
  return {
    start: Math.floor((range.start * from) / to - margin),
    end: Math.ceil((range.end * from) / to + margin),
  };
}

/**
 * Some samples of a signal at another rate; sample k stands for the moment k / to, as in the whole signal. What lies beyond the part is
 * silence. At the same rate samples stay as they are, bit for bit.
 * @param range of the samples that are made
 */
export function resample({ samples, start }: Part, from: number, to: number, range: { start: number; end: number }): Float32Array {
  const out = new Float32Array(range.end - range.start); // (sample)
  if (from === to) {
    for (let at = 0; at < out.length; at++) out[at] = samples[range.start + at - start] ?? 0;
    return out;
  }
  const divisor = greatestDivisor(from, to);
  const [step, phases] = [from / divisor, to / divisor];
  const filter = filterFor(from, to, phases);
  for (let at = 0; at < out.length; at++) {
    // Of `phases` places between two samples of the signal.
    const place = (range.start + at) * step;
    const whole = Math.floor(place / phases);
    const { first, weights } = filter(place - whole * phases);
    const low = whole + first - start;
    let sum = 0;
    const end = Math.min(weights.length, samples.length - low);
    for (let tap = Math.max(0, -low); tap < end; tap++) sum += (weights[tap] ?? 0) * (samples[low + tap] ?? 0);
    out[at] = sum;
  }
  return out;
}

interface Taps {
  /** The first sample that counts, from the one at or before the place. */
  readonly first: number;
  readonly weights: Float64Array;
}

function filterFor(from: number, to: number, phases: number): (phase: number) => Taps {
  // Of the lower rate, in samples of the signal.
  const unit = Math.max(1, from / to);
  const half = reach * unit;
  const first = -Math.floor(half);
  const kernel = phases <= maxPhases ? exact : tabulated();
  const taps = (phase: number): Taps => {
    const place = phase / phases;
    const weights = Float64Array.from({ length: 2 * Math.floor(half) + 2 }, (_, tap) => kernel(Math.abs(first + tap - place) / unit) / unit);
    return { first, weights };
  };
  if (phases > maxPhases) return taps;
  const kept: Taps[] = [];
  return (phase) => (kept[phase] ??= taps(phase));
}

/** The filter at a distance, in samples of the lower rate: half of its band lies between 91 % and all of that. */
function exact(distance: number): number {
  if (distance >= reach) return 0;
  const band = (1 + passband) / 2;
  const angle = Math.PI * band * distance;
  const sinc = distance === 0 ? 1 : Math.sin(angle) / angle;
  return band * sinc * (bessel(beta * Math.sqrt(1 - (distance / reach) ** 2)) / bessel(beta));
}

let table: Float64Array | undefined;

function tabulated(): (distance: number) => number {
  const points = (table ??= Float64Array.from({ length: reach * pointsPerSample + 2 }, (_, at) => exact(at / pointsPerSample)));
  return (distance) => {
    const place = distance * pointsPerSample;
    const at = Math.floor(place);
    const low = points[at] ?? 0;
    return low + (place - at) * ((points[at + 1] ?? 0) - low);
  };
}

/** The modified Bessel function of the first kind, of order 0. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

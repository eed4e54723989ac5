import { evaluate } from '../../../engine/evaluate.js';
import { input, label, positions, type AxisName, type Value } from '../../../engine/graph.js';
import {
  add,
  constant,
  decimalLogarithm,
  divide,
  full,
  larger,
  largest,
  matmul,
  multiply,
  subtract,
  windows,
} from '../../../engine/ops/index.js';
import { restrict } from '../../../engine/restrict.js';
import { cut, regionWithin, type Tensor } from '../../../engine/tensor.js';
import { ModelError } from '../../error.js';
import { melFilters } from './mel-filters.js';
import type { LogMelSettings } from './settings.js';

/** A log-mel spectrogram as steps, from samples to what a model reads. */
export interface LogMelGraph {
  /** As many samples as are read at a time. // (sample, 1) */
  readonly samples: Value;
  /** Frames, the windowed ones, both halves of the spectrum, power, mel, its logarithm, that clipped, and the features. */
  readonly steps: readonly Value[];
  /** What the model reads. // (frame, band) */
  readonly features: Value;
  /**
   * The frames that hear any of so many samples: behind them there is silence. All where it is filled up with something else.
   * @param samples how many there are
   */
  sounding(samples: number): number;
  /**
   * The numbers of every input of the graph.
   * @param samples at the rate of the settings; what is missing is filled up
   * @throws ModelError where there are none, or more than are read at a time
   */
  inputsOf(samples: Float32Array): ReadonlyMap<Value, Tensor>;
}

interface StepText {
  readonly name: string;
  readonly symbol: string;
  readonly title: string;
  readonly note: string;
}

/** What lies within this many tenfolds of the loudest is told apart (Radford et al. 2022, §2.2, and their code). */
const depth = 8;

/** As transformers' `WhisperFeatureExtractor` has it: no power below this counts. */
const floor = 1e-10;

export function logMel(settings: LogMelSettings): LogMelGraph {
  const { window, hop, bands } = settings;
  const count = Math.floor(settings.samples / hop);
  const frequencies = Math.floor(window / 2) + 1;
  const fixed = new Map<Value, Tensor>();
  const given = (name: string, symbol: string, tensor: Tensor, axes: readonly AxisName[]): Value => {
    const leaf = label(input(tensor.shape), { name, symbol, axes, given: true });
    fixed.set(leaf, tensor);
    return leaf;
  };
  const samples = label(input([settings.samples, 1]), {
    name: 'samples',
    symbol: 's',
    axes: ['key', 'feature'],
    given: true,
  });
  const one = label(positions(1), { name: 'one', symbol: 'u', axes: ['feature'] }); // (1)

  const frames = step(
    // The last window is left out, as the extractor does.
    windows(samples, {
      size: window,
      stride: hop,
      count,
      before: Math.floor(window / 2),
      beyond: 'reflection',
    }),
    {
      name: 'frames',
      symbol: 'F',
      title: 'Frames',
      note: `Windows of ${window} samples, ${hop} apart; at both ends the sound is continued by its mirror image.`,
    },
  ); // (frame, sample)
  const hann = given('hann', 'w', hannWindow(window), ['feature']); // (sample)
  const windowed = step(multiply(frames, hann), {
    name: 'windowed',
    symbol: 'F^w',
    title: 'Windowed',
    note: 'Each frame fades in and out (a Hann window), so that its edges are not heard as clicks.',
  }); // (frame, sample)
  const cosines = given('cosines', 'C', waves(window, frequencies, Math.cos), ['key', 'feature']); // (sample, frequency)
  const sines = given('sines', 'S', waves(window, frequencies, Math.sin), ['key', 'feature']); // (sample, frequency)
  const even = step(matmul(windowed, cosines), {
    name: 'spectrum_even',
    symbol: 'R',
    title: 'Spectrum, cosines',
    note: 'How much of each frequency is in a frame: the real part of its discrete Fourier transform.',
  }); // (frame, frequency)
  const odd = step(matmul(windowed, sines), {
    name: 'spectrum_odd',
    symbol: 'I',
    title: 'Spectrum, sines',
    note: 'The other part: minus the imaginary part of the discrete Fourier transform.',
  }); // (frame, frequency)
  const power = step(add(multiply(even, even), multiply(odd, odd)), {
    name: 'power',
    symbol: 'P',
    title: 'Power',
    note: 'The squares of both parts: how strong a frequency is, whatever its phase.',
  }); // (frame, frequency)
  const filters = given('mel_filters', 'W^{\\text{mel}}', melFilters(settings), ['key', 'feature']); // (frequency, band)
  const mel = step(matmul(power, filters), {
    name: 'mel',
    symbol: 'M',
    title: 'Mel bands',
    note: `Power in ${bands} bands that are as wide as they are to the ear (Slaney's mel scale, up to 8000 Hz).`,
  }); // (frame, band)
  const logarithm = step(decimalLogarithm(mel, floor), {
    name: 'log_mel',
    symbol: 'L',
    title: 'Logarithm',
    note: 'Loudness: the logarithm to base 10, and −10 where there is next to nothing.',
  }); // (frame, band)
  const clipped = step(larger(logarithm, subtract(largest(logarithm), full(one, depth))), {
    name: 'clipped',
    symbol: 'L^c',
    title: 'Clipped',
    note: `What is more than ${depth} below the loudest of all is raised to that.`,
  }); // (frame, band)
  const features = step(divide(add(clipped, full(one, 4)), [constant(4, '4')]), {
    name: 'features',
    symbol: 'X^{\\text{mel}}',
    title: 'Log-mel spectrogram',
    note: 'Brought to about −1 to 1: what the encoder reads.',
  }); // (frame, band)

  return {
    samples,
    steps: [frames, windowed, even, odd, power, mel, logarithm, clipped, features],
    features,

    sounding: (own) =>
      settings.filling === 0 ? Math.min(count, Math.ceil((own + Math.floor(window / 2)) / hop)) : count,

    inputsOf(own) {
      if (own.length < 1 || own.length > settings.samples) {
        throw new ModelError(`1 to ${settings.samples} samples are read at a time, not ${own.length}.`);
      }
      const data = new Float32Array(settings.samples).fill(settings.filling);
      data.set(own);
      return new Map([...fixed, [samples, { shape: [settings.samples, 1], data }]]);
    },
  };
}

/**
 * The features of a recording, in double precision: single precision loses what is faint beside what is loud.
 * @returns (frame, band)
 * @throws ModelError as `inputsOf`
 */
export function logMelFeatures(graph: LogMelGraph, samples: Float32Array): Tensor<Float32Array> {
  return logMelNumbers(graph, samples).get(graph.features) ?? { shape: [0, 0], data: new Float32Array() };
}

/**
 * The last steps of a recording's spectrogram, from mel bands on, in double precision as well.
 * @returns each (frame, band)
 * @throws ModelError as `inputsOf`
 */
export function logMelNumbers(
  graph: LogMelGraph,
  samples: Float32Array,
): ReadonlyMap<Value, Tensor<Float32Array>> {
  const known = graph.steps.slice(graph.steps.findIndex(({ label: own }) => own?.name === 'mel'));
  const inputs = graph.inputsOf(samples);
  const [mel = graph.features] = known;
  const [count = 0, bands = 0] = mel.shape;
  const frames = graph.sounding(samples.length);
  // Silence has no power: frames of it are not worked out one by one.
  const heard = frames < count ? partOf(mel, frames, inputs) : undefined;
  const given =
    heard === undefined
      ? inputs
      : new Map([...inputs, [mel, { shape: [count, bands], data: padded(heard, count * bands) }] as const]);
  const found = evaluate(known, given);
  return new Map(
    known.map((value, at) => [value, { shape: value.shape, data: Float32Array.from(found[at]?.data ?? []) }]),
  );
}

/** The first rows of a value, in double precision. */
function partOf(value: Value, rows: number, inputs: ReadonlyMap<Value, Tensor>): Float64Array {
  const region = [
    { start: 0, end: rows },
    { start: 0, end: value.shape[1] ?? 0 },
  ];
  const { targets, regions, feeds } = restrict([{ value, region }], () => false);
  const fed = new Map<Value, Tensor>();
  for (const { leaf, original, region: needed } of feeds) {
    const whole = inputs.get(original);
    if (whole !== undefined) fed.set(leaf, cut(whole, needed));
  }
  const [found] = evaluate(targets, fed);
  const [held] = regions;
  if (found === undefined || held === undefined) return new Float64Array();
  return cut(found, regionWithin(region, held)).data;
}

function padded(data: Float64Array, size: number): Float64Array {
  const all = new Float64Array(size);
  all.set(data);
  return all;
}

function step(value: Value, { name, symbol, title, note }: StepText): Value {
  return label(value, {
    name,
    symbol,
    axes: ['frame', 'feature'],
    step: { title, note, scale: 'signed', phase: 'input' },
  });
}

/** Periodic: the first entry is 0, the one behind the last would be. // (sample) */
function hannWindow(size: number): Tensor {
  return {
    shape: [size],
    data: Float64Array.from({ length: size }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / size)),
  };
}

/** // (sample, frequency) */
function waves(size: number, frequencies: number, wave: (angle: number) => number): Tensor {
  const data = new Float64Array(size * frequencies);
  for (let sample = 0; sample < size; sample++) {
    for (let frequency = 0; frequency < frequencies; frequency++) {
      // Whole turns are left out first, so that angles stay exact.
      data[sample * frequencies + frequency] = wave((2 * Math.PI * ((sample * frequency) % size)) / size);
    }
  }
  return { shape: [size, frequencies], data };
}

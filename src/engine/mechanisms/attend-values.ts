import type { Value } from '../graph.js';
import type { RotaryForm } from '../ops/index.js';
import { formatShape, ShapeError } from '../tensor.js';
import { standardAttention, type AttendParameters } from './attend.js';
import { readMask, readQueryPlaces, type MaskTensors } from './mask-parameters.js';
import { numeric } from './numeric.js';
import { ParameterError, type ParameterValue, type ParameterValues } from './parameters.js';
import type { BiasParameters } from './position-bias.js';

/** The tensors that some masks, biases and sinks need. */
export interface ScoreTensors extends MaskTensors {
  readonly bias?: Value | undefined;
  /** (bucket, head) */
  readonly relativeBias?: Value | undefined;
  /** (head) */
  readonly sinks?: Value | undefined;
}

/**
 * Parameter values as `attend` takes them.
 * @throws ParameterError when something is chosen whose tensor is missing.
 */
export function readAttendParameters(values: ParameterValues, tensors: ScoreTensors): AttendParameters {
  const softcap = numeric(values, 'softcap', 0);
  const bias = readBias(values, tensors);
  const rotary = readRotary(values);
  const sink = readSink(values, tensors);
  const ending = readQueryPlaces(values, tensors);
  return {
    scaling: readScaling(values['scaling'], numeric(values, 'divisor', 1)),
    temperature: numeric(values, 'temperature', 1),
    mask: readMask(values, tensors),
    ...(softcap === 0 ? {} : { softcap }),
    ...(bias === undefined ? {} : { bias }),
    ...(rotary === undefined ? {} : { rotary }),
    ...(sink === undefined ? {} : { sink }),
    ...(ending === undefined ? {} : { ending }),
  };
}

function readScaling(value: ParameterValue | undefined, divisor: number): AttendParameters['scaling'] {
  if (value === undefined) return standardAttention.scaling;
  if (typeof value === 'number') return value;
  switch (value) {
    case 'sqrt':
    case 'none':
      return value;
    case 'number':
      return divisor;
    default:
      throw new ParameterError(`There is no scaling called “${value}”; it is sqrt, none or number.`);
  }
}

function readBias(values: ParameterValues, tensors: ScoreTensors): BiasParameters | undefined {
  const kind = String(values['bias'] ?? 'none');
  switch (kind) {
    case 'none':
      return undefined;
    case 'alibi':
      return { kind };
    case 't5': {
      const table = tensors.relativeBias;
      if (table === undefined) {
        throw new ParameterError('A bias by buckets needs a tensor named “relative_bias”.');
      }
      const bidirectional = values['direction'] !== 'backward';
      const [buckets = 0] = table.shape;
      if (buckets < 2 || (bidirectional && buckets % 2 !== 0)) {
        throw new ShapeError(
          `The relative bias ${formatShape(table.shape)} needs an even number of buckets, at least 2, as its first axis.`,
        );
      }
      return { kind, table, rule: { buckets, maximum: numeric(values, 'maxDistance', 128), bidirectional } };
    }
    case 'matrix':
      if (tensors.bias === undefined) throw new ParameterError('A given bias needs a tensor named “bias”.');
      return { kind, matrix: tensors.bias };
    default:
      throw new ParameterError(
        `There is no position bias called “${kind}”; it is none, alibi, t5 or matrix.`,
      );
  }
}

function readRotary(values: ParameterValues): RotaryForm | undefined {
  const pairs = String(values['rotary'] ?? 'none');
  switch (pairs) {
    case 'none':
      return undefined;
    case 'neighbours':
    case 'halves':
      return { pairs, base: numeric(values, 'rotaryBase', 10_000) };
    default:
      throw new ParameterError(
        `There is no rotary pairing called “${pairs}”; it is none, neighbours or halves.`,
      );
  }
}

function readSink(values: ParameterValues, tensors: ScoreTensors): number | Value | undefined {
  const kind = String(values['sink'] ?? 'none');
  switch (kind) {
    case 'none':
      return undefined;
    case 'logit':
      return numeric(values, 'sinkLogit', 0);
    case 'given':
      if (tensors.sinks === undefined)
        throw new ParameterError('Given sink logits need a tensor named “sinks”.');
      return tensors.sinks;
    default:
      throw new ParameterError(`There is no sink called “${kind}”; it is none, logit or given.`);
  }
}

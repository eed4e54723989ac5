import { shortened } from '../../../common/strings.js';
import { isRecord } from '../../../common/values.js';
import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { filterNumbers, type Filter } from '../../../media/image/index.js';
import { listOf } from '../../config.js';
import { ModelError } from '../../error.js';
import { processorOf, type ProcessorKind } from './kinds.js';

/** What an image is resized to. */
export type ResizeTo =
  | { readonly kind: 'exact'; readonly width: number; readonly height: number }
  /** The shorter edge to this, the longer one in proportion, but at most to `longest`. */
  | { readonly kind: 'shortest'; readonly shortest: number; readonly longest?: number }
  /** As large as fits, in proportion. */
  | { readonly kind: 'within'; readonly width: number; readonly height: number };

/** What preprocessor_config.json says, in full. */
export interface ImageSettings {
  readonly kind: ProcessorKind;
  /** Whether pixels of a single colour that the file calls transparent become white. */
  readonly overWhite: boolean;
  /** Undefined where the image keeps its size. */
  readonly resize: ResizeTo | undefined;
  readonly filter: Filter;
  /** ConvNeXt: the share of the resized image's edge that is kept. */
  readonly cropShare: number | undefined;
  readonly crop: { readonly width: number; readonly height: number } | undefined;
  /** What values from 0 to 255 are multiplied with. */
  readonly factor: number | undefined;
  /** Of red, green and blue. */
  readonly mean: readonly number[] | undefined;
  readonly deviation: readonly number[] | undefined;
  /** Zeros to the right and below, up to this size. */
  readonly pad: { readonly width: number; readonly height: number } | undefined;
}

/** No model's image comes near; beyond it a setting is a mistake or an attack. */
const maxEdge = 16_384;

/** What says nothing of the pixels of one image, or is said by what stands beside it. */
const harmless = new Set([
  'auto_map',
  'data_format',
  'device',
  'disable_grouping',
  'do_convert_annotations',
  'do_reduce_labels',
  'feature_extractor_type',
  'format',
  'image_processor_type',
  'image_seq_length',
  'input_data_format',
  'model_input_names',
  'num_labels',
  'processor_class',
  'reduce_labels',
  'return_tensors',
  'transformers_version',
  '_processor_class',
  '_valid_processor_keys',
]);

const known = new Set([
  'do_convert_rgb',
  'size',
  'max_size',
  'default_to_square',
  'resample',
  'do_resize',
  'do_center_crop',
  'crop_size',
  'crop_pct',
  'do_rescale',
  'rescale_factor',
  'do_normalize',
  'image_mean',
  'image_std',
  'do_pad',
  'pad_and_return_pixel_mask',
  'pad_size',
]);

/**
 * Reads preprocessor_config.json as transformers' own PIL processor of the same name does, with its defaults.
 * @param where the file, to begin messages: "tiny-vit: preprocessor_config.json"
 * @param modelType of config.json, which tells the processor where the file does not name one
 * @throws ModelError naming what is unknown and changes pixels, or makes no sense
 */
export function imageSettings(value: Json, where: string, modelType?: string): ImageSettings {
  if (!isRecord(value)) throw new ModelError(`${where} is not a JSON object.`);
  const read = new Reader(value, where);
  const kind = processorOf(
    read.text('image_processor_type') ?? read.text('feature_extractor_type'),
    modelType,
    where,
  );
  for (const [name, setting] of Object.entries(value)) {
    if (known.has(name) || harmless.has(name) || setting === null || setting === false) continue;
    throw new ModelError(
      `${where} says ${quoted(name)}, which is not known here and may change the pixels; it cannot be left out.`,
    );
  }
  const { defaults } = kind;
  const square = read.flag('default_to_square', defaults.square);
  const crops = defaults.crop !== 'never' && read.flag('do_center_crop', defaults.crop === 'standard');
  const rescaled = read.flag('do_rescale', true);
  const normalised = read.flag('do_normalize', true);
  const padded = defaults.pads
    ? read.flag('do_pad', read.flag('pad_and_return_pixel_mask', true))
    : read.flag('do_pad', false);
  const pad = read.get('pad_size');
  const { resize, cropShare } = resizing(read, kind, square);
  return {
    kind,
    overWhite: read.flag('do_convert_rgb', defaults.overWhite === true),
    resize,
    filter: read.filter(defaults.filter),
    cropShare,
    crop: crops ? read.box('crop_size', read.get('crop_size') ?? defaults.cropSize) : undefined,
    factor: rescaled ? read.number('rescale_factor', 1 / 255) : undefined,
    mean: normalised ? read.channels('image_mean', defaults.mean) : undefined,
    deviation: normalised ? read.channels('image_std', defaults.deviation, true) : undefined,
    pad: padded && pad !== undefined ? read.box('pad_size', pad) : undefined,
  };
}

function resizing(
  read: Reader,
  kind: ProcessorKind,
  square: boolean,
): Pick<ImageSettings, 'resize' | 'cropShare'> {
  const none = { resize: undefined, cropShare: undefined };
  if (!read.flag('do_resize', true)) return none;
  const resize = read.resize(square, kind.defaults);
  if (kind.name !== 'ConvNext') return { ...none, resize };
  if (resize.kind !== 'shortest' || resize.longest !== undefined) {
    throw read.fault('size', read.get('size'), 'a "shortest_edge"');
  }
  const { shortest } = resize;
  const cropShare = read.number('crop_pct', 224 / 256);
  // From 384 pixels on, ConvNeXt warps the image to a square and crops nothing.
  return shortest >= 384
    ? { ...none, resize: { kind: 'exact', width: shortest, height: shortest } }
    : { resize, cropShare };
}

/** Settings that are checked one by one. */
class Reader {
  constructor(
    private readonly values: { readonly [name: string]: Json },
    private readonly where: string,
  ) {}

  get(name: string): Json | undefined {
    return Object.hasOwn(this.values, name) ? (this.values[name] ?? undefined) : undefined;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  flag(name: string, standard: boolean): boolean {
    const value = this.get(name) ?? standard;
    if (typeof value !== 'boolean') throw this.fault(name, value, 'true or false');
    return value;
  }

  number(name: string, standard: number): number {
    const value = this.get(name) ?? standard;
    if (typeof value !== 'number' || !(value > 0 && value < Infinity)) {
      throw this.fault(name, value, 'a positive number');
    }
    return value;
  }

  filter(standard: Filter): Filter {
    const value = this.get('resample');
    if (value === undefined) return standard;
    const filter = typeof value === 'number' ? filterNumbers.get(value) : undefined;
    if (filter === undefined) throw this.fault('resample', value, 'one of Pillow’s numbers from 0 to 5');
    return filter;
  }

  /** One number for each of red, green and blue, or one for all. */
  channels(name: string, standard: readonly number[], positive = false): readonly number[] {
    const value = this.get(name) ?? [...standard];
    const list = typeof value === 'number' ? [value, value, value] : Array.isArray(value) ? value : [];
    const numbers = list.filter(
      (each) => typeof each === 'number' && Number.isFinite(each) && !(positive && each === 0),
    );
    if (list.length !== 3 || numbers.length !== 3) {
      throw this.fault(name, value, `three numbers${positive ? ' other than 0' : ''}, one for each colour`);
    }
    return list.filter((each) => typeof each === 'number');
  }

  /** A size of both edges. */
  box(name: string, value: Json | undefined): { width: number; height: number } {
    if (typeof value === 'number') return { width: this.edge(name, value), height: this.edge(name, value) };
    const [height, width, ...more] = listOf(value);
    if (height !== undefined && more.length === 0) {
      return { height: this.edge(name, height), width: this.edge(name, width) };
    }
    const record = isRecord(value) ? value : {};
    if (Object.keys(record).sort().join() !== 'height,width')
      throw this.fault(name, value, 'a height and a width');
    return { width: this.edge(name, record['width']), height: this.edge(name, record['height']) };
  }

  resize(square: boolean, defaults: ProcessorKind['defaults']): ResizeTo {
    const value = this.get('size') ?? defaults.size;
    if (typeof value === 'number') {
      if (square) return { kind: 'exact', ...this.box('size', value) };
      const longest = defaults.longest === undefined ? undefined : (this.get('max_size') ?? defaults.longest);
      const shortest = this.edge('size', value);
      return {
        kind: 'shortest',
        shortest,
        ...(longest === undefined ? {} : { longest: this.edge('max_size', longest) }),
      };
    }
    if (!isRecord(value)) return { kind: 'exact', ...this.box('size', value) };
    const keys = Object.keys(value).sort().join();
    const edge = (name: string) => this.edge(`size: ${name}`, value[name]);
    if (keys === 'height,width') return { kind: 'exact', width: edge('width'), height: edge('height') };
    if (keys === 'shortest_edge') return { kind: 'shortest', shortest: edge('shortest_edge') };
    if (keys === 'longest_edge,shortest_edge') {
      return { kind: 'shortest', shortest: edge('shortest_edge'), longest: edge('longest_edge') };
    }
    if (keys === 'max_height,max_width') {
      return { kind: 'within', width: edge('max_width'), height: edge('max_height') };
    }
    throw this.fault(
      'size',
      value,
      'a height and a width, or a "shortest_edge" with or without a "longest_edge"',
    );
  }

  fault(name: string, value: Json | undefined, expected: string): ModelError {
    return new ModelError(
      value === undefined
        ? `${this.where} does not say ${quoted(name)}, ${expected}.`
        : `${this.where} says that ${quoted(name)} is ${typeof value === 'string' ? quoted(value) : shortened(JSON.stringify(value), 60)}, but it has to be ${expected}.`,
    );
  }

  private edge(name: string, value: Json | undefined): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > maxEdge) {
      throw this.fault(name, value, `a whole number of pixels from 1 to ${maxEdge}`);
    }
    return value;
  }
}

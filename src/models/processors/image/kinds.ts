import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import type { Filter } from '../../../media/image/index.js';
import { ModelError } from '../../error.js';

/** A processor of transformers, and what it means where preprocessor_config.json is silent (transformers 5.24). */
export interface ProcessorKind {
  /** Its class without "ImageProcessor": "ViT". */
  readonly name: string;
  readonly defaults: {
    readonly size: Json;
    /** Whether a size of one number means a square; else it is the shorter edge. */
    readonly square: boolean;
    /** What goes with a size of one number: the longer edge at most. */
    readonly longest?: number;
    readonly filter: Filter;
    readonly crop: 'standard' | 'asked' | 'never';
    readonly cropSize?: Json;
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
    readonly pads: boolean;
    /** Whether it makes RGB of an image by itself, which puts white behind what is transparent. */
    readonly overWhite?: true;
  };
}

const halves = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] };
const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
const openai = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
};
const square = (edge: number): Json => ({ height: edge, width: edge });

const plain = { square: true, filter: 'bicubic', crop: 'asked', pads: false } as const;

const cropped = {
  ...plain,
  ...openai,
  size: { shortest_edge: 224 },
  square: false,
  crop: 'standard',
  cropSize: square(224),
  overWhite: true,
} as const;

const kinds: readonly ProcessorKind[] = [
  { name: 'ViT', defaults: { ...plain, ...halves, size: square(224), filter: 'bilinear' } },
  {
    name: 'DeiT',
    defaults: { ...plain, ...halves, size: square(256), crop: 'standard', cropSize: square(224) },
  },
  { name: 'CLIP', defaults: cropped },
  { name: 'Bit', defaults: cropped },
  { name: 'Siglip', defaults: { ...plain, ...halves, size: square(224), square: false, overWhite: true } },
  { name: 'Beit', defaults: { ...plain, ...halves, size: square(224), cropSize: square(224) } },
  { name: 'Blip', defaults: { ...plain, ...openai, size: square(384), overWhite: true } },
  { name: 'ConvNext', defaults: { ...plain, ...halves, size: { shortest_edge: 384 }, square: false } },
  {
    name: 'Detr',
    defaults: {
      ...plain,
      ...imagenet,
      size: { shortest_edge: 800, longest_edge: 1333 },
      square: false,
      longest: 1333,
      filter: 'bilinear',
      crop: 'never',
      pads: true,
    },
  },
];

/** The processor that goes with a model where none is named. */
const ofModels: ReadonlyMap<string, string> = new Map([
  ['vit', 'ViT'],
  ['deit', 'DeiT'],
  ['clip', 'CLIP'],
  ['clip_vision_model', 'CLIP'],
  ['dinov2', 'Bit'],
  ['dinov2_with_registers', 'Bit'],
  ['siglip', 'Siglip'],
  ['siglip_vision_model', 'Siglip'],
  ['beit', 'Beit'],
  ['blip', 'Blip'],
  ['convnext', 'ConvNext'],
  ['detr', 'Detr'],
]);

/** @throws ModelError where it is one that is not read here, with those that are */
export function processorOf(
  type: string | undefined,
  modelType: string | undefined,
  where: string,
): ProcessorKind {
  const name =
    type === undefined
      ? modelType === undefined
        ? undefined
        : ofModels.get(modelType)
      : type.replace(/(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/, '');
  const found = kinds.find((kind) => kind.name.toLowerCase() === name?.toLowerCase());
  if (found !== undefined) return found;
  const all = kinds.map((kind) => quoted(`${kind.name}ImageProcessor`)).join(', ');
  throw new ModelError(
    type === undefined
      ? `${where} does not say "image_processor_type"; ${all} can be read.`
      : `${where} says that "image_processor_type" is ${quoted(type)}; only ${all} can be read.`,
  );
}

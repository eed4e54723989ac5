import type { Tensor } from '../../../engine/tensor.js';
import type { OnnxModel } from '../../../models/index.js';
import { imageSettings, onOriginal, type ImageSettings } from '../../../models/processors/image/index.js';
import type { Box, Labels, Mark, Parameter, ParameterValues } from '../../../protocol.js';
import { boxOf, imageInput, type BroughtImage, type ImageInput } from '../../core/image-input.js';
import type { ClassScores } from '../../core/subject.js';
import { gridOf, type TokenGrid } from './grid.js';
import type { ExportReading, ReadyInput } from './reading.js';
import { outputNames } from './run.js';

type Numbers = Tensor<Float32Array>;

/** Ways in which colours are put to a model, where nothing beside an export says which is its own. */
const colours: Readonly<Record<string, { readonly title: string; readonly settings: object }>> = {
  imagenet: {
    title: 'ImageNet’s mean and deviation',
    settings: { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] },
  },
  half: { title: '−1 to 1', settings: { image_mean: 0.5, image_std: 0.5 } },
  unit: { title: '0 to 1', settings: { do_normalize: false } },
};

const guesses: readonly Parameter[] = [
  {
    kind: 'choice',
    name: 'colours',
    title: 'Colours',
    note: 'How the model is given colours: no preprocessor_config.json lies beside the file, which would say it.',
    value: 'imagenet',
    default: 'imagenet',
    choices: Object.entries(colours).map(([value, { title }]) => ({ value, title })),
  },
  {
    kind: 'choice',
    name: 'channels',
    title: 'Channels',
    note: 'In which order the model is given red, green and blue.',
    value: 'rgb',
    default: 'rgb',
    choices: [
      { value: 'rgb', title: 'Red, green, blue' },
      { value: 'bgr', title: 'Blue, green, red' },
    ],
  },
];

/** An edge of the images that are read, where neither the graph nor a file beside it says one. */
const usualEdge = 224;

/** An image, read by an export. */
export class ExportImage implements ExportReading {
  private last: { readonly key: string; readonly input: ImageInput } | undefined;

  constructor(
    private readonly model: OnnxModel,
    private readonly brought: BroughtImage,
    /** As a file beside the export says; undefined where none does. */
    private readonly processor: ImageSettings | undefined,
    private readonly hasText: boolean,
  ) {}

  get controls(): readonly Parameter[] {
    return this.processor === undefined ? guesses : [];
  }

  input(values: ParameterValues): ReadyInput {
    const { key, input } = this.prepared(values);
    return { key, input: input.processed };
  }

  async describe(
    sides: Parameters<ExportReading['describe']>[0],
    { values: numbers }: Parameters<ExportReading['describe']>[1],
    values: ParameterValues,
  ): ReturnType<ExportReading['describe']> {
    const { model } = this;
    const { input } = this.prepared(values);
    const side = (count: number): { labels: Labels; notices: readonly string[] } =>
      this.side(count, input, numbers);
    const [queries, keys] = [side(sides.queries), side(sides.keys)];
    const classes = classesOf(model, numbers);
    const count =
      sides.queries === sides.keys ? `${sides.queries} tokens` : `${sides.queries} × ${sides.keys} tokens`;
    return Promise.resolve({
      title: `${this.brought.name} · ${model.title}`,
      size: count,
      media: [input.medium],
      pictures: new Map([[input.medium.id, input.picture]]),
      queries: queries.labels,
      keys: keys.labels,
      notices: [
        ...input.notices,
        ...this.guessed(values),
        ...(model.image?.rounded === true
          ? [`${model.name} takes pixels in half precision: they were rounded to it (float16).`]
          : []),
        ...new Set([...queries.notices, ...keys.notices]),
        ...(this.hasText
          ? [`${model.name} writes nothing about images: the text that was given with the image is not used.`]
          : []),
      ],
      ...(classes === undefined ? {} : { classes }),
    });
  }

  private prepared(values: ParameterValues): { readonly key: string; readonly input: ImageInput } {
    const [colour, order] = [String(values['colours'] ?? 'imagenet'), String(values['channels'] ?? 'rgb')];
    const key = this.processor === undefined ? `${colour} ${order}` : '';
    if (this.last?.key === key) return this.last;
    const input = imageInput(this.brought, this.processor ?? this.guess(colour));
    const { processed } = input;
    const turned =
      this.processor === undefined && order === 'bgr'
        ? { ...processed, pixels: reversed(processed.pixels) }
        : processed;
    this.last = { key, input: { ...input, processed: turned } };
    return this.last;
  }

  /** What the graph says of sizes, and a usual way for the rest. */
  private guess(colour: string): ImageSettings {
    const { image, name } = this.model;
    const { width: across, height: down } = this.brought.image;
    const inProportion = (edge: number, own: number, other: number): number =>
      Math.max(1, Math.round((edge * own) / other));
    const height =
      image?.height ?? (image?.width === undefined ? usualEdge : inProportion(image.width, down, across));
    const width =
      image?.width ?? (image?.height === undefined ? usualEdge : inProportion(image.height, across, down));
    return imageSettings(
      { image_processor_type: 'ViTImageProcessor', size: { height, width }, ...colours[colour]?.settings },
      name,
    );
  }

  private guessed(values: ParameterValues): string[] {
    if (this.processor !== undefined) return [];
    const { image, name } = this.model;
    const free = image?.width === undefined || image.height === undefined;
    const { title = '' } = colours[String(values['colours'] ?? 'imagenet')] ?? {};
    return [
      `No preprocessor_config.json lies beside ${name}, which would say how images are prepared for it: its pixels are resized bilinearly${free ? ' to a usual size' : ' to the size that the graph reads'}, its colours are taken as “${title}”. Choose others where the model means them otherwise.`,
    ];
  }

  private side(
    count: number,
    { processed, medium }: ImageInput,
    numbers: ReadonlyMap<string, Numbers>,
  ): { readonly labels: Labels; readonly notices: readonly string[] } {
    const place = (box: Box): Mark => ({
      medium: medium.id,
      kind: 'box',
      ...boxOf(
        onOriginal(processed.geometry, { left: box.x, top: box.y, width: box.width, height: box.height }),
      ),
    });
    const grid = gridOf(count, this.model, numbers, processed);
    if (grid !== undefined) return this.inGrid(count, grid, place);
    const objects = objectsOf(this.model, numbers, count, processed);
    if (objects !== undefined) {
      return {
        labels: { count, words: objects.words, marks: objects.boxes.map(place) },
        notices: [
          `Object queries are shown as the boxes that the model predicts for them (${outputNames.boxes}).`,
        ],
      };
    }
    return {
      labels: { count },
      notices: [
        `How ${count} tokens lie over the image cannot be told from the graph: they are shown as plain positions.`,
      ],
    };
  }

  private inGrid(
    count: number,
    { rows, columns, first, others, cell, kind }: TokenGrid,
    place: (box: Box) => Mark,
  ): { readonly labels: Labels; readonly notices: readonly string[] } {
    const named = specialWords(others, first > 0 || others === 0, this.model.modelType);
    const patches = Array.from({ length: rows * columns }, (_, at) => ({
      row: Math.floor(at / columns),
      column: at % columns,
    }));
    const words = patches.map(({ row, column }) => `${row}, ${column}`);
    const marks = patches.map(({ row, column }) =>
      place({ x: column * cell.width, y: row * cell.height, ...cell }),
    );
    const none = named.words.map(() => null);
    const isBefore = first > 0;
    return {
      labels: {
        count,
        words: isBefore ? [...named.words, ...words] : [...words, ...named.words],
        marks: isBefore ? [...none, ...marks] : [...marks, ...none],
        grid: { rows, columns, first },
      },
      notices: [
        kind === 'patch'
          ? `Told from the graph: ${columns} × ${rows} patches of ${cell.width} × ${cell.height} pixels.`
          : `Told from the graph: ${columns} × ${rows} regions, each shown as its share of the image; what a convolutional network sums up in one reaches further.`,
        ...named.notices,
      ],
    };
  }
}

/** What stands beside the patches, as far as its count tells. */
function specialWords(
  count: number,
  isBefore: boolean,
  modelType: string | undefined,
): { readonly words: readonly string[]; readonly notices: readonly string[] } {
  const plain = Array.from({ length: count }, (_, at) => `[EXTRA ${at}]`);
  if (count === 0) return { words: [], notices: [] };
  if (!isBefore) {
    return {
      words: plain,
      notices: [`${count} tokens follow the patches: what they are the graph does not say.`],
    };
  }
  if (count === 1) return { words: ['[CLS]'], notices: [] };
  if (count === 2 && modelType === 'deit') return { words: ['[CLS]', '[DIST]'], notices: [] };
  if (count === 2) {
    return {
      words: ['[CLS]', '[EXTRA 0]'],
      notices: ['Two tokens stand before the patches: the first is taken for the class token.'],
    };
  }
  return {
    words: ['[CLS]', ...plain.slice(1).map((_, at) => `[REG ${at}]`)],
    notices:
      modelType === 'dinov2_with_registers'
        ? []
        : [
            `The ${count} tokens before the patches are taken for a class token and registers, by their count.`,
          ],
  };
}

/** What a detector says of each of its object queries; undefined where it says nothing of so many. */
function objectsOf(
  { labels }: OnnxModel,
  numbers: ReadonlyMap<string, Numbers>,
  count: number,
  { width, height }: { readonly width: number; readonly height: number },
): { readonly words: readonly string[]; readonly boxes: readonly Box[] } | undefined {
  const boxes = numbers.get(outputNames.boxes);
  const logits = numbers.get(outputNames.classes);
  const [one, own, four] = boxes?.shape ?? [];
  if (boxes === undefined || one !== 1 || own !== count || four !== 4) return undefined;
  const kinds = logits?.shape[1] === count ? (logits.shape[2] ?? 0) : 0;
  return {
    words: Array.from({ length: count }, (_, at) => {
      const row = logits?.data.subarray(at * kinds, (at + 1) * kinds) ?? new Float32Array();
      const best = row.indexOf(Math.max(...row));
      // The last class says that there is nothing.
      return kinds === 0 || best === kinds - 1
        ? `${at}`
        : `${at} · ${labels.get(String(best)) ?? `class ${best}`}`;
    }),
    boxes: Array.from({ length: count }, (_, at): Box => {
      const [x = 0, y = 0, across = 0, down = 0] = boxes.data.subarray(4 * at, 4 * at + 4);
      return {
        x: (x - across / 2) * width,
        y: (y - down / 2) * height,
        width: across * width,
        height: down * height,
      };
    }),
  };
}

function classesOf({ labels }: OnnxModel, numbers: ReadonlyMap<string, Numbers>): ClassScores | undefined {
  const logits = numbers.get(outputNames.classes);
  const [one, count = 0] = logits?.shape ?? [];
  if (logits === undefined || logits.shape.length !== 2 || one !== 1) return undefined;
  return {
    labels: Array.from({ length: count }, (_, at) => labels.get(String(at)) ?? `class ${at}`),
    logits: logits.data,
  };
}

/** // (channel, row, column), the channels in the other order */
function reversed(pixels: Float32Array): Float32Array {
  const size = pixels.length / 3;
  const out = new Float32Array(pixels.length);
  for (let channel = 0; channel < 3; channel++) {
    out.set(pixels.subarray(channel * size, (channel + 1) * size), (2 - channel) * size);
  }
  return out;
}

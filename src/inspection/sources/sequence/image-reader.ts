import { formatCount } from '../../../common/strings.js';
import type { CaptionModel } from '../../../models/index.js';
import type { Medium } from '../../../protocol.js';
import { imageLabels, leftOver, type ImageInput } from '../../core/image-input.js';
import { textMedium } from '../../core/marks.js';
import type { ModelHandle } from '../../core/models.js';
import type { SequenceInput } from '../../run/sequence-run.js';
import { attentionParameter } from './parameters.js';
import type { Read, ReadTarget, SequenceReader } from './reader.js';

/**
 * An image that a model writes about.
 * @param caption what it is to have written
 * @throws ModelError where the image has no patch, or too many
 */
export function imageReader(
  handle: ModelHandle<CaptionModel>,
  image: ImageInput,
  caption: string | undefined,
): SequenceReader {
  const { model } = handle;
  const { processed, medium, picture } = image;
  const target = caption === undefined ? undefined : { text: caption, medium: textMedium(0) };
  const { tokens } = model.build(processed);
  return {
    model,
    title: medium.name,
    pictures: new Map([[medium.id, picture]]),
    target,
    parameters: () => [attentionParameter('Text', 'Image')],
    limit: tokens.length,
    release: () => handle.release(),
    read: () => Promise.resolve(readImage(model, image, target?.medium)),
  };
}

function readImage(model: CaptionModel, image: ImageInput, target: Medium | undefined): Read {
  const { processed, medium } = image;
  const graph = model.build(processed);
  const { rows, columns } = graph.grid;
  const count = graph.tokens.length;
  const input: SequenceInput = {
    count,
    build(attention) {
      const { layers, hiddenStates, memory, inputsOf } = model.build(processed, attention);
      return { layers, hiddenStates, memory, feeds: inputsOf(processed) };
    },
  };
  return {
    key: '',
    input,
    media: target === undefined ? [medium] : [medium, target],
    ids: [],
    labels: imageLabels(image, graph, model.patch),
    size: `${formatCount(count, 'image token')} (${columns} × ${rows} patches)`,
    begin: (own) => ({ tokens: own === undefined ? [] : [own] }),
    target: ([start = 0], text, expected) => readCaption(model, start, text, expected),
    notices: () => [
      ...image.notices,
      ...(graph.interpolated
        ? [
            `${model.name} was trained on another grid of patches: its positions are interpolated for ${columns} × ${rows}, as its family does.`,
          ]
        : []),
    ],
    losses: leftOver(image, graph, model.patch),
  };
}

/**
 * A caption as the decoder reads it. Whether a mark that the tokenizer puts before a text is written by the model as well is up to how it
 * was trained: what it would begin with tells.
 */
async function readCaption(
  model: CaptionModel,
  start: number,
  text: string,
  expected: () => Promise<number>,
): Promise<ReadTarget> {
  const { ids, ranges, tokens } = await model.encodeTarget(text);
  const [first] = ids;
  if (first === undefined || ranges[0] !== null) return { ids: [start, ...ids], ranges, notices: [] };
  if (model.opening === 'instead') {
    return { ids: [start, ...ids.slice(1)], ranges: ranges.slice(1), notices: [] };
  }
  if ((await expected()) === first) return { ids: [start, ...ids], ranges, notices: [] };
  return {
    ids: [start, ...ids.slice(1)],
    ranges: ranges.slice(1),
    notices: [
      `The tokenizer puts “${tokens[0] ?? ''}” before a text, with which ${model.name} would not begin: the caption was read without it.`,
    ],
  };
}

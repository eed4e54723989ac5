import { isRecord } from '../../../common/values.js';
import { quoted } from '../../../formats/untrusted.js';
import { Config } from '../../config.js';
import { ModelError } from '../../error.js';
import { generationOf } from '../../generation.js';
import { limits } from '../parts/settings.js';
import { affine, Weights } from '../parts/weights.js';
import { visionArchitectureOf } from '../vision/index.js';
import type { ImageTextArchitecture } from './architecture.js';
import { bertDecoder, robertaDecoder } from './bert-decoder.js';
import type { CaptionDecoder, CaptionDecoderDescription } from './caption-decoder.js';
import { gpt2Decoder } from './gpt2-decoder.js';
import { sectionOf } from './sections.js';
import { trocrDecoder } from './trocr-decoder.js';

const decoders: readonly CaptionDecoder[] = [bertDecoder, gpt2Decoder, robertaDecoder, trocrDecoder];

/** An encoder of images and a decoder of text, each of a family of its own (Rothe et al. 2020, for images Li et al. 2023). */
export const visionEncoderDecoder: ImageTextArchitecture = {
  modelTypes: ['vision-encoder-decoder'],

  describe(config) {
    const { reading, writing } = halvesOf(config);
    const architecture = visionArchitectureOf(reading);
    const decoder = decoderOf(writing);
    const { sourceWidth, ...description } = decoder.describe(writing);
    const vision = architecture.describe(reading);
    if (sourceWidth !== undefined && sourceWidth !== vision.width) {
      throw new ModelError(
        `${config.where}: the decoder attends to vectors of ${sourceWidth} numbers (cross_attention_hidden_size), but the encoder gives ${vision.width}.`,
      );
    }
    return {
      title: `${architecture.title} + ${decoder.title}`,
      vision,
      decoder: description,
      processor: reading.modelType,
      opening: 'before',
    };
  },

  build(checkpoint, size, attention) {
    const { reading, writing } = halvesOf(checkpoint.config);
    const architecture = visionArchitectureOf(reading);
    const graph = architecture.build(checkpoint.part('encoder.', reading), size, attention);
    const last = graph.hiddenStates.at(-1);
    if (last === undefined) throw new ModelError(`${checkpoint.name} has no layer to read images with.`);
    const { width: from } = architecture.describe(reading);
    const to: CaptionDecoderDescription = decoderOf(writing).describe(writing);
    if (from === to.width || to.sourceWidth !== undefined) return { ...graph, memory: last };
    const projection = new Weights(checkpoint, '', '').linear('enc_to_dec_proj', from, to.width);
    return { ...graph, memory: affine(last, projection) }; // (m, decoder’s model)
  },

  buildDecoder(checkpoint, tokens, memory, attention) {
    const { writing } = halvesOf(checkpoint.config);
    return decoderOf(writing).build(checkpoint.part('decoder.', writing), tokens, memory, attention);
  },

  generation(own, said) {
    const { writing } = halvesOf(said);
    const vocabulary = writing.count('vocab_size', limits.vocabulary);
    const inner = said.raw('decoder');
    // Where there is no file of their own, what config.json leaves unsaid is looked for in the decoder’s part.
    const section = isRecord(inner) ? Config.of(inner, said.where) : undefined;
    return generationOf(own, section === undefined ? said : said.over(section), vocabulary);
  },
};

function halvesOf(config: Config): { readonly reading: Config; readonly writing: Config } {
  return { reading: sectionOf(config, 'encoder'), writing: sectionOf(config, 'decoder') };
}

/** @throws ModelError for a family that is not known here */
function decoderOf(config: Config): CaptionDecoder {
  const { modelType } = config;
  const found = decoders.find(({ modelTypes }) => modelTypes.some((known) => known === modelType));
  if (found !== undefined) return found;
  const known = decoders.flatMap(({ modelTypes }) => modelTypes.map(quoted)).join(', ');
  throw new ModelError(
    modelType === undefined
      ? `${config.where} does not say "model_type"; decoders of the types ${known} are read.`
      : `${config.where} says that "model_type" is ${quoted(modelType)}; only decoders of the types ${known} are read.`,
  );
}

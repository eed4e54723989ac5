import { quoted } from '../../formats/untrusted.js';
import type { Config } from '../config.js';
import { ModelError } from '../error.js';
import type { Architecture } from './architecture.js';
import { albert } from './bidirectional/albert.js';
import { bart } from './sequence/bart.js';
import { bert } from './bidirectional/bert.js';
import { clipText } from './causal/clip-text.js';
import { distilbert } from './bidirectional/distilbert.js';
import { electra } from './bidirectional/electra.js';
import { gemma, gemma2, gemma3 } from './causal/gemma.js';
import { gptNeo } from './causal/gpt-neo.js';
import { gptNeox } from './causal/gpt-neox.js';
import { gpt2 } from './causal/gpt2.js';
import { llama, mistral, qwen2, qwen3 } from './causal/llama.js';
import { m2m100 } from './sequence/m2m100.js';
import { marian } from './sequence/marian.js';
import { mbart } from './sequence/mbart.js';
import { modernbert } from './bidirectional/modernbert.js';
import { mpnet } from './bidirectional/mpnet.js';
import { mt5 } from './sequence/mt5.js';
import { pegasus } from './sequence/pegasus.js';
import { phi } from './causal/phi.js';
import { phi3 } from './causal/phi3.js';
import { camembert, data2vecText, roberta } from './bidirectional/roberta.js';
import { siglipText } from './bidirectional/siglip-text.js';
import { t5 } from './sequence/t5.js';
import { imageTextArchitectureOf } from './image-text/index.js';
import { readsImages } from './vision/index.js';

/** Every family of models that can be read; a new one is a file of its own and a line here. */
export const architectures: readonly Architecture[] = [
  albert,
  bart,
  bert,
  camembert,
  clipText,
  data2vecText,
  distilbert,
  electra,
  gemma,
  gemma2,
  gemma3,
  gpt2,
  gptNeo,
  gptNeox,
  llama,
  m2m100,
  marian,
  mbart,
  mistral,
  modernbert,
  mpnet,
  mt5,
  pegasus,
  phi,
  phi3,
  qwen2,
  qwen3,
  roberta,
  siglipText,
  t5,
];

export type {
  Architecture,
  ArchitectureDescription,
  DecoderAttention,
  DecoderDescription,
  DecoderGraph,
  ModelGraph,
} from './architecture.js';

/** @throws ModelError when no family goes by the configuration's "model_type", with those that are known. */
export function architectureOf(config: Config): Architecture {
  const { modelType } = config;
  const found = architectures.find(({ modelTypes }) => modelTypes.some((known) => known === modelType));
  if (found !== undefined) return found;
  if (readsImages(config) || imageTextArchitectureOf(config) !== undefined) {
    throw new ModelError(`${config.where}: ${quoted(modelType ?? '')} reads images, not text.`);
  }
  const known = architectures.flatMap(({ modelTypes }) => modelTypes.map(quoted)).join(', ');
  throw new ModelError(
    modelType === undefined
      ? `${config.where} does not say "model_type"; ${known} can be read.`
      : `${config.where} says that "model_type" is ${quoted(modelType)}; only ${known} can be read.`,
  );
}

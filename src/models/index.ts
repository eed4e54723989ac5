export type {
  DecoderAttention,
  DecoderDescription,
  DecoderGraph,
  ModelGraph,
} from './architectures/index.js';
export { speechFamilies } from './architectures/speech/index.js';
export { waveformFamilies } from './architectures/speech/waveform.js';
export { CaptionModel } from './caption-model.js';
export { CtcModel } from './ctc-model.js';
export type { VisionGraph, VisionToken } from './architectures/vision/index.js';
export {
  dates,
  datesFolder,
  describe,
  describeExport,
  descriptionOf,
  embedded,
  embeddedFolder,
  findCheckpoints,
  modelAt,
  refusal,
} from './catalog.js';
export { Reshaped } from './checkpoint.js';
export { digestOf } from './digest.js';
export { DateModel } from './dates/index.js';
export type { DateScore } from './description.js';
export { listOf, typeOf } from './config.js';
export type { LanguageSettings } from './languages.js';
export { ModelError } from './error.js';
export type { Generation, LogitsSettings, SequenceBias } from './generation.js';
export { identityOf } from './identity.js';
export { Model, type TextSorting } from './model.js';
export { isEncoder, openModel, otherReader, type OpenModel } from './open-model.js';
export {
  arranged,
  readAttention,
  readScores,
  valuesOf,
  type AttentionReading,
  type MaskingCache,
  type ReadyScores,
} from './onnx/reading.js';
export type { FoundAttention } from './onnx/attention.js';
export { OtherForm } from './onnx/other-form.js';
export type { FeatureMap } from './onnx/feature-maps.js';
export { isOnnxPath, OnnxModel, type ExportInput, type OnnxPart } from './onnx/model.js';
export type { CharacterRange, Encoding, PairEncoding } from './processors/tokenizer/tokenizer.js';
export type { Hearing } from './speech-model.js';
export { SpeechModel } from './speech-model.js';
export { VisionModel, type ImageTextPair } from './vision-model.js';
export { WritingModel } from './writing-model.js';

import {
  CaptionModel,
  ModelError,
  speechFamilies,
  waveformFamilies,
  type OpenModel,
} from '../../../models/index.js';
import type { GeneratedTokens } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { imageInput, openImage } from '../../core/image-input.js';
import { exportPath, languageModel, writtenBy, type ModelHandle } from '../../core/models.js';
import { takeOver, type Source } from '../../core/source.js';
import { BroughtRecording } from '../../core/recording.js';
import { audioReader } from './audio-reader.js';
import { imageReader } from './image-reader.js';
import { SequencePreparation } from './preparation.js';
import { textReader } from './text-reader.js';

/** Text, read by an encoder–decoder model; a second one is its target. */
export const sequenceSource: Source = {
  id: 'sequence',
  async open({ material, by, continuation }, { models, runtime }) {
    if (material.kind !== 'text') return undefined;
    const { texts } = material;
    const reference = languageModel(by?.model);
    if (reference === undefined) return undefined;
    const handle = await models.acquire(reference);
    const written = writtenBy(handle, continuation);
    const preparation = await takeOver(handle, () =>
      // Without a language head nothing can be written; a target that is given can be read all the same.
      handle.model.decoder === undefined || (texts.length === 1 && !handle.model.writes)
        ? undefined
        : openSequence(handle, texts, runtime, written.continuation),
    );
    // What was written before is the preparation's own to have again.
    return preparation && { kind: 'preparation', preparation, by: written.by };
  },
};

/** An image, read by a model that writes about it, the embedded one where none is named; a text is what it is to have written. */
export const captionSource: Source = {
  id: 'caption',
  async open({ material, by, continuation }, { platform, models, runtime }) {
    if (material.kind !== 'image' || by?.mechanism !== undefined) return undefined;
    const reference = languageModel(by?.model ?? { kind: 'scenes' });
    if (reference === undefined || exportPath(reference) !== undefined) return undefined;
    const { file, text } = material;
    if (text?.trim() === '') throw new ModelError('The caption that was given is empty.');
    const opened = await models.acquireAny(reference);
    const written = writtenBy(opened, continuation);
    const preparation = await takeOver(opened, async () => {
      const handle = captioner(opened);
      if (handle === undefined) return undefined;
      const brought = await openImage(platform, file);
      const reader = imageReader(handle, imageInput(brought, handle.model.processor), text);
      return new SequencePreparation(reader, runtime, written.continuation);
    });
    return preparation && { kind: 'preparation', preparation, by: written.by };
  },
};

/** A recording, read by a model that hears, the embedded one where none is named; a text is what is said in it. */
export const speechSource: Source = {
  id: 'speech',
  async open({ material, by, continuation }, { platform, models, runtime }) {
    if (material.kind !== 'audio') return undefined;
    const reference = languageModel(by?.model ?? { kind: 'numbers' });
    if (reference === undefined || by?.mechanism !== undefined || exportPath(reference) !== undefined) {
      throw new ModelError(
        `A recording is heard by a model for speech, which has to be named: a checkpoint folder of ${[...speechFamilies, ...waveformFamilies].join(', ')}, or the encoder of a Whisper as an ONNX export.`,
      );
    }
    const { file, text } = material;
    if (text?.trim() === '') throw new ModelError('The transcript that was given is empty.');
    const handle = await models.acquireSpeech(reference);
    const written = writtenBy(handle, continuation);
    const preparation = await takeOver(handle, async () => {
      const recording = await BroughtRecording.open(platform, file);
      try {
        const reader = await audioReader(handle, recording, text);
        return new SequencePreparation(reader, runtime, written.continuation);
      } catch (error) {
        await recording.close();
        throw error;
      }
    });
    return { kind: 'preparation', preparation, by: written.by };
  },
};

function captioner({
  model,
  identity,
  release,
}: ModelHandle<OpenModel>): ModelHandle<CaptionModel> | undefined {
  return model instanceof CaptionModel ? { model, identity, release } : undefined;
}

/** @throws ModelError when there is no text */
export async function openSequence(
  handle: ModelHandle,
  texts: readonly [string] | readonly [string, string],
  runtime: Runtime,
  before?: GeneratedTokens,
): Promise<SequencePreparation> {
  return new SequencePreparation(await textReader(handle, texts), runtime, before);
}

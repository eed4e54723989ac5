import { CtcModel, type OpenModel } from '../../../models/index.js';
import { exportPath, languageModel, type ModelHandle } from '../../core/models.js';
import { BroughtRecording } from '../../core/recording.js';
import { takeOver, type Source } from '../../core/source.js';
import { CtcPreparation } from './preparation.js';

/** A recording, read by a model that hears samples and writes a character for each moment. */
export const ctcSource: Source = {
  id: 'ctc',
  async open({ material, by }, { platform, runtime, models }) {
    if (material.kind !== 'audio' || by?.mechanism !== undefined) return undefined;
    const reference = languageModel(by?.model);
    if (reference === undefined || exportPath(reference) !== undefined) return undefined;
    const preparation = await takeOver(await models.acquireAny(reference), async (opened) => {
      const handle = listener(opened);
      if (handle === undefined) return undefined;
      const recording = await BroughtRecording.open(platform, material.file);
      return new CtcPreparation(handle, recording, runtime, material.text !== undefined);
    });
    return preparation && { kind: 'preparation', preparation };
  },
};

function listener({ model, identity, release }: ModelHandle<OpenModel>): ModelHandle<CtcModel> | undefined {
  return model instanceof CtcModel ? { model, identity, release } : undefined;
}

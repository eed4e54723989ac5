import type { OpenRequest } from '../../protocol.js';
import type { Opened, Source, SourceContext } from '../core/source.js';
import type { Task } from '../core/task.js';
import { questionSource } from './answers/index.js';
import { ctcSource } from './ctc/index.js';
import { datesSource } from './dates.js';
import { embeddingsSource } from './embeddings.js';
import { filesSource } from './files.js';
import { imageSource } from './image.js';
import { onnxSource } from './onnx/index.js';
import { captionSource, sequenceSource, speechSource } from './sequence/index.js';
import { tensorsSource } from './tensors.js';
import { textSource } from './text.js';

/** Everything that can be read. Each is asked in turn: what stands first knows better what it reads than what comes after it. */
export const sources: readonly Source[] = [
  tensorsSource,
  filesSource,
  embeddingsSource,
  datesSource,
  captionSource,
  imageSource,
  ctcSource,
  onnxSource,
  speechSource,
  questionSource,
  sequenceSource,
  textSource,
];

/** @throws Error where no source reads what was brought, and what sources throw */
export async function openSource(request: OpenRequest, context: SourceContext, task: Task): Promise<Opened> {
  for (const source of sources) {
    const opened = await source.open(request, context, task);
    if (opened !== undefined) return opened;
  }
  throw new Error(`Nothing here reads ${request.material.kind}.`);
}

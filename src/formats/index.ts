import { csv } from './csv.js';
import type { Platform } from '../platform/platform.js';
import type { Contents, Format } from './format.js';
import { gguf } from './gguf.js';
import { json } from './json.js';
import { npy } from './npy.js';
import { npz } from './npz.js';
import { pytorch } from './pytorch.js';
import { safetensors } from './safetensors.js';
import { FormatError, refuseLfsPointer, type ByteSource } from './source.js';
import { tsv } from './tsv.js';

export type { Contents, Format, NamedTensor } from './format.js';
export { tokensBeside } from './tokens.js';

/** Every format that can be read; a new one is a file of its own and a line here. */
export const formats: readonly Format[] = [npy, pytorch, npz, safetensors, gguf, csv, tsv, json];

/** A zip archive's first member is told by its name. */
const HEAD_BYTES = 512;

/**
 * Opens a file of tensors by its first bytes, or by its extension where these tell nothing.
 * The tensors read from `source` later on: it stays open until the caller is done with them.
 * @throws FormatError, one sentence naming file, tensor and reason; or the signal's reason once it is aborted.
 */
export async function openTensors(
  platform: Platform,
  source: ByteSource,
  signal?: AbortSignal,
): Promise<Contents & { readonly format: Format }> {
  const { name, size } = source;
  if (size === 0) throw new FormatError(`${name} is empty.`);
  await refuseLfsPointer(source);
  const head = await source.read(0, Math.min(HEAD_BYTES, size));
  const lowerName = name.toLowerCase();
  const format =
    formats.find((candidate) => candidate.recognises?.(head) === true) ??
    formats.find((candidate) => candidate.extensions.some((extension) => lowerName.endsWith(extension)));
  if (!format) {
    if (lowerName.endsWith('.onnx')) {
      throw new FormatError(
        `${name} is a model (ONNX), not a file of tensors: it is run on a text or an image. Choose it as the model that reads them, or give it as the option model of inspectText and inspectImage.`,
      );
    }
    const known = formats
      .map((candidate) => `${candidate.title} (${candidate.extensions.join(', ')})`)
      .join(', ');
    throw new FormatError(`${name} is in no format that can be read: ${known}.`);
  }
  return { ...(await format.open(platform, source, signal)), format };
}

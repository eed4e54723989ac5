import type { Platform } from '../platform/platform.js';
import { isGgufPath } from './gguf/open.js';
import { isOnnxPath } from './onnx/model.js';
import { isOpenAiPath } from './openai/open.js';

/** Files in a model's folder that are never read: documentation, images, scripts, logs. */
const aside =
  /^\.|\.(?:md|rst|pdf|png|jpe?g|gif|svg|py|ipynb|log|lock|part)$|^(?:licen[cs]e|notice|readme)\b/i;
/** Files that hold a whole model each. */
const whole = /\.(?:gguf|onnx|safetensors|h5|msgpack|pth?)$/i;
/** What an export reads of the folder above its own. */
const settings = /\.(?:json|spm|model|txt)$/i;
/** "model-00001-of-00003.gguf" */
const part = /-\d{5}-of-\d{5}(?=\.gguf$)/i;

/**
 * What changes where a model does: its path, and the size and the time of writing of each of its files. Those of a folder are
 * all that lie in it: weights and their shards, the index, the settings, the tokenizer's files. Those of a file are itself and
 * what is read beside it: the parts of a GGUF file, the numbers and settings that belong to an ONNX export, the settings beside a file of OpenAI's.
 * @throws where the folder cannot be listed
 */
export async function identityOf(
  platform: Platform,
  model: { readonly kind: 'file' | 'folder'; readonly path: string },
): Promise<string> {
  const { files, paths } = platform;
  const found = await filesOf(platform, model);
  const stamps = await Promise.all(
    found.toSorted().map((path) =>
      files.stat(path).then(
        ({ size, modified }) => `${paths.basename(path)}:${size}:${modified}`,
        // The file was removed, or its link is broken, which is a change as well.
        () => `${paths.basename(path)}: missing`,
      ),
    ),
  );
  return [model.path, ...stamps].join('\n');
}

/** The paths of all files that a model is read from. @throws where a folder cannot be listed */
export function filesOf(
  platform: Platform,
  model: { readonly kind: 'file' | 'folder'; readonly path: string },
): Promise<readonly string[]> {
  return model.kind === 'folder' ? inFolder(platform, model.path) : ofFile(platform, model.path);
}

async function ofFile(platform: Platform, path: string): Promise<readonly string[]> {
  const { paths } = platform;
  const folder = paths.dirname(path);
  if (isGgufPath(path)) {
    if (!part.test(path)) return [path];
    const stem = path.replace(part, '');
    const others = await inFolder(platform, folder, (name) => isGgufPath(name));
    return [
      path,
      ...others.filter((each) => each !== path && part.test(each) && each.replace(part, '') === stem),
    ];
  }
  // What OpenAI's files do not hold lies beside them.
  if (isOpenAiPath(path)) return [path, ...(await inFolder(platform, folder, (name) => settings.test(name)))];
  if (!isOnnxPath(path)) return [path];
  // The numbers of an export may lie in files of any name, and its settings one folder further up.
  const beside = await inFolder(platform, folder, (name) => !whole.test(name));
  const above = await inFolder(platform, paths.dirname(folder), (name) => settings.test(name)).catch(
    () => [],
  );
  return [path, ...beside, ...above];
}

/** The paths of the files in a folder that may be a part of a model. @param wanted by their names */
async function inFolder(
  { files, paths }: Platform,
  folder: string,
  wanted: (name: string) => boolean = () => true,
): Promise<readonly string[]> {
  const entries = await files.list(folder);
  return entries.flatMap(({ name, kind }) =>
    (kind === 'file' || kind === 'link') && !aside.test(name) && wanted(name)
      ? [paths.join(folder, name)]
      : [],
  );
}

/** The endings of the files that tensors are read from, by format. The manifest and the README name the same. */
export const fileTypes = {
  npy: ['.npy'],
  npz: ['.npz'],
  safetensors: ['.safetensors'],
  gguf: ['.gguf'],
  pytorch: ['.pt', '.pth', '.bin', '.ckpt'],
  csv: ['.csv'],
  tsv: ['.tsv'],
  json: ['.json'],
} as const;

/** The endings of images that vision models read. */
export const imageEndings = ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.bmp', '.tif', '.tiff'] as const;

/** The endings of recordings that speech models listen to. */
export const audioEndings = ['.wav', '.flac', '.mp3', '.ogg', '.oga', '.opus'] as const;

/** What a path leads to, by its ending, where that is an image or a recording. */
export function mediumAt(path: string): 'audio' | 'image' | undefined {
  const lower = path.toLowerCase();
  const ends = (ending: string): boolean => lower.endsWith(ending);
  if (imageEndings.some(ends)) return 'image';
  return audioEndings.some(ends) ? 'audio' : undefined;
}

/** All endings of files of tensors. */
export const fileEndings: readonly string[] = Object.values(fileTypes).flat();

/** Those that a sentence names: one a format. ".npy, .npz, … or .json" */
export function namedFileTypes(): string {
  const named = Object.values(fileTypes).map(([first]) => first);
  return `${named.slice(0, -1).join(', ')} or ${named.at(-1) ?? ''}`;
}

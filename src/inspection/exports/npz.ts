import type { StepExporter } from './exporter.js';
import { npyBytes, npyOfWords, npySize } from './npy.js';
import { zipBytes, zipSize, type ZipMember } from './zip.js';
import type { ExportFile, InputArray } from './exporter.js';

/** Several NumPy arrays in one archive: the step's, and the tokens. */
export const npzExporter: StepExporter = {
  id: 'npz',
  title: 'NumPy archive (.npz)',
  note: 'The array under the step’s name, beside what its axes count, query_tokens and key_tokens; masked cells are NaN.',
  extension: 'npz',
  of: 'step',
  fits: () => true,
  files: ({ name, step, array, axes, summary: { queries, keys } }) => [
    archive(`${name}.npz`, [
      arrayMember({ name: step.name, ...array }),
      ...wordsMember('axes', axes),
      ...wordsMember('query_tokens', queries.words),
      ...wordsMember('key_tokens', keys.words),
    ]),
  ],
};

/** An archive as a file to be written. */
export function archive(name: string, members: readonly ZipMember[]): ExportFile {
  return { name, size: zipSize(members), write: (signal) => zipBytes(members, signal) };
}

export function arrayMember({ name, shape, bands }: InputArray): ZipMember {
  const array = { shape, bands };
  return { name: `${name}.npy`, size: npySize(shape), write: (signal) => npyBytes(array, signal) };
}

function wordsMember(name: string, words: readonly string[] | undefined): ZipMember[] {
  if (words === undefined) return [];
  const bytes = npyOfWords(words);
  return [
    {
      name: `${name}.npy`,
      size: bytes.length,
      async *write() {
        yield await Promise.resolve(bytes);
      },
    },
  ];
}

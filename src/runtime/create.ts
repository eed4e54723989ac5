import { reasonOf } from '../common/values.js';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { readWhole } from '../platform/files.js';
import type { Platform } from '../platform/platform.js';
import type { Backend } from './backend.js';
import type { Weights } from './compile.js';
import { RunError } from './error.js';

/** What sessions are made with. */
export interface SessionMaker {
  readonly platform: Platform;
  readonly backend: Backend;
  readonly options: InferenceSession.SessionOptions;
}

/**
 * Makes a model ready to run.
 * @param bytes a ModelProto
 * @throws RunError when ONNX Runtime refuses it
 */
export async function createSession(
  { platform, backend, options }: SessionMaker,
  bytes: Uint8Array,
  weights: Weights | undefined,
): Promise<InferenceSession> {
  const all = await withWeights({ platform, backend, options }, weights);
  try {
    return await backend.InferenceSession.create(bytes, all);
  } catch (error) {
    throw new RunError(`ONNX Runtime refused the graph: ${messageOfRuntime(error)}`, { cause: error });
  }
}

async function withWeights(
  { platform, backend, options }: SessionMaker,
  weights: Weights | undefined,
): Promise<InferenceSession.SessionOptions> {
  if (weights === undefined) return options;
  if (backend.kind === 'native') return withFolder(options, weights.folder);
  return { ...options, externalData: await readFiles(platform, weights) };
}

/**
 * Runs a session.
 * @param places where outputs are written to; null for those that get memory of their own, as all do where it is left out
 * @throws RunError where ONNX Runtime fails
 */
export async function start(
  session: InferenceSession,
  feeds: Record<string, OrtTensor>,
  places?: Record<string, OrtTensor | null>,
): Promise<InferenceSession.ReturnType> {
  try {
    return await (places === undefined ? session.run(feeds) : session.run(feeds, places));
  } catch (error) {
    throw new RunError(`ONNX Runtime could not finish the run: ${messageOfRuntime(error)}`, { cause: error });
  }
}

/** More is no sentence any more, in UTF-16 units. */
const longestMessage = 400;
const lookedAt = 10 * longestMessage;

/** What ONNX Runtime said, without the places and functions of its own source that it said it from. */
export function messageOfRuntime(error: unknown): string {
  const [first = ''] = reasonOf(error)
    .slice(0, lookedAt)
    .replace(/^.*?Non-zero status code returned while running /s, '')
    .replace(/\S*(?:onnxruntime|\/core\/)\S*\.(?:cc|h):\d+ ?/g, '')
    .replace(
      /(?:(?:static|virtual|const) )*(?:[\w:]*\w[*&]* )?onnxruntime::[\w:~<>]+\([^()]*\)(?: const)?(?: \[with [^\]]*\])? ?/g,
      '',
    )
    .split('\n', 1);
  const said = first.trim();
  return said.length > longestMessage ? `${said.slice(0, longestMessage)}…` : said;
}

function withFolder(
  options: InferenceSession.SessionOptions,
  folder: string,
): InferenceSession.SessionOptions {
  const { extra = {} } = options;
  const session = 'session' in extra && typeof extra['session'] === 'object' ? extra['session'] : {};
  return {
    ...options,
    extra: { ...extra, session: { ...session, model_external_initializers_file_folder_path: folder } },
  };
}

/** WebAssembly cannot map a file: it is given the bytes. */
function readFiles(
  { files: disk, paths }: Platform,
  { folder, files }: Weights,
): Promise<{ path: string; data: Uint8Array }[]> {
  return Promise.all(
    [...files.keys()].map(async (file) => ({
      path: file,
      data: await readWhole(disk, paths.join(folder, file)),
    })),
  );
}

import type { Files } from './files.js';
import type { Paths } from './paths.js';

/** What differs between the places where an engine runs: a process of Node, a worker of a browser. Handed to everything that needs it. */
export interface Platform {
  /** What people call it, for messages: "linux-x64". */
  readonly name: string;
  /** Tells this engine from every other one that there was or is. */
  readonly instance: string;
  readonly files: Files;
  readonly paths: Paths;
  readonly inflate: Inflate;
  /** SHA-256 of some bytes, in base64. */
  sha256(bytes: Uint8Array): Promise<string>;
  /** How many threads may compute at once, and how many processors ONNX Runtime would reckon with by itself. */
  readonly threads: { readonly usable: number; readonly present: number };
  /** Builds of ONNX Runtime, in the order in which they are tried. */
  readonly onnxRuntime: readonly OnnxRuntimeBuild[];
  /** Of the whole engine, in bytes; undefined where that cannot be told. */
  memory(): Memory | undefined;
}

/** Raw deflate (RFC 1951), as in zip archives. */
export interface Inflate {
  /**
   * Hands on what comes out of a stream, part by part.
   * @throws InflateError when the stream is damaged, and what `take` throws
   */
  all(stream: AsyncIterable<Uint8Array>, take: (part: Uint8Array) => void): Promise<void>;
  /** What comes out of the first bytes of a stream. @throws InflateError */
  start(bytes: Uint8Array): Uint8Array;
  /** CRC-32 of bytes that come after others with the checksum `before`; 0 where none do. */
  crc32(bytes: Uint8Array, before: number): number;
}

/** A deflated stream that is damaged; the message says how. */
export class InflateError extends Error {
  override readonly name = 'InflateError';
}

export type OnnxRuntimeBuild =
  | { readonly kind: 'native' }
  /** @param binary where its WebAssembly is fetched from; beside its script where left out */
  | { readonly kind: 'wasm'; readonly binary?: string };

export interface Memory {
  readonly resident: number;
  readonly peak: number;
}

import { isRecord } from '../../common/values.js';
import { ImageError } from './image.js';

/**
 * A decoder's WebAssembly, compiled when it is first needed. Each image gets an instance of its own: memory never shrinks, and one
 * that was stopped by a damaged image cannot go on.
 */
export class Codec {
  private module: Promise<WebAssembly.Module> | undefined;

  constructor(
    private readonly factory: EmscriptenCodec,
    private readonly binary: Uint8Array<ArrayBuffer>,
    /** What it has to be told besides the bytes: exactly as many as it takes. */
    private readonly options: readonly boolean[],
  ) {}

  /**
   * @returns red, green, blue and alpha of each pixel // (row, column, 4)
   * @throws ImageError where the bytes are no picture, or one of another size
   */
  async decode(
    where: string,
    size: { readonly width: number; readonly height: number },
    bytes: Uint8Array,
  ): Promise<Uint8ClampedArray> {
    provideImageData();
    this.module ??= WebAssembly.compile(this.binary);
    const module = await this.module;
    const { decode } = await this.factory({
      noInitialRun: true,
      instantiateWasm(imports, done) {
        const instance = new WebAssembly.Instance(module, imports);
        done(instance);
        return instance.exports;
      },
      locateFile: (path) => path,
      print: ignore,
      printErr: ignore,
    });
    let found: unknown;
    try {
      found = decode(bytes, ...this.options);
    } catch {
      throw new ImageError(`${where} is damaged: its pixels cannot be decoded.`);
    }
    const data = isRecord(found) ? found['data'] : found instanceof Object && 'data' in found ? found.data : undefined;
    if (!(data instanceof Uint8ClampedArray) || data.length !== 4 * size.width * size.height) {
      throw new ImageError(`${where} is damaged: its pixels cannot be decoded.`);
    }
    return data;
  }
}

function ignore(): void {
  // What a decoder has to say of damage is said by its result.
}

/** What browsers have and the decoders make; Node has none. */
function provideImageData(): void {
  if ('ImageData' in globalThis) return;
  Object.defineProperty(globalThis, 'ImageData', {
    configurable: true,
    writable: true,
    value: class {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    },
  });
}

/** Drops alpha. // (row, column, 4) → (row, column, channel) */
export function withoutAlpha(data: Uint8ClampedArray): Uint8Array {
  const out = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    out[to++] = data[from] ?? 0;
    out[to++] = data[from + 1] ?? 0;
    out[to++] = data[from + 2] ?? 0;
  }
  return out;
}

/** Whether any pixel is not wholly opaque. @param data // (row, column, 4) */
export function hasAlpha(data: Uint8ClampedArray): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return true;
  return false;
}

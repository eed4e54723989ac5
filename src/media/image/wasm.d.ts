/** A WebAssembly binary, which the build puts into the bundle. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module '@jsquash/jpeg/codec/dec/mozjpeg_dec.js' {
  import type { CodecFactory } from './codec.js';
  const factory: CodecFactory<(data: Uint8Array, upright: boolean) => unknown>;
  export default factory;
}

declare module '@jsquash/webp/codec/dec/webp_dec.js' {
  import type { CodecFactory } from './codec.js';
  const factory: CodecFactory<(data: Uint8Array) => unknown>;
  export default factory;
}

/** The little that is needed of what every engine of JavaScript has, and TypeScript knows of browsers only. */
declare namespace WebAssembly {
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  type Exports = Readonly<Record<string, unknown>>;
  interface Module {
    readonly kind: 'module';
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}

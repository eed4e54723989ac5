/** A WebAssembly binary, which the build puts into the bundle. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module '@jsquash/jpeg/codec/dec/mozjpeg_dec.js' {
  const factory: EmscriptenCodec;
  export default factory;
}

declare module '@jsquash/webp/codec/dec/webp_dec.js' {
  const factory: EmscriptenCodec;
  export default factory;
}

/** A decoder that Emscripten built. */
type EmscriptenCodec = (options: {
  readonly noInitialRun: boolean;
  /** Its binary is handed in, so that nothing is fetched. */
  readonly instantiateWasm: (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Exports;
  /** Keeps it from looking for the place of its own script, which a bundle does not have. */
  readonly locateFile: (path: string) => string;
  readonly print: (line: string) => void;
  readonly printErr: (line: string) => void;
}) => Promise<{
  decode(data: Uint8Array, ...options: readonly boolean[]): unknown;
}>;

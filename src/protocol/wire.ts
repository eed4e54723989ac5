/** Row-major float32 numbers. */
export interface WireTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Half-open. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Method → what is sent and what comes back. */
export type Methods = Readonly<Record<string, { readonly params: unknown; readonly result: unknown }>>;
/** Name → what is told, with no reply. */
export type Notices = Readonly<Record<string, unknown>>;

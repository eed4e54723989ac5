import { pack, unpack } from '../../../src/channel.js';

/** What an engine in Node is asked through: JSON either way, with typed arrays as text. */
export type AskEngine = (asked: string) => Promise<string>;

declare global {
  interface Window {
    /** There where a test lends the fake host an engine. */
    askEngine?: AskEngine;
  }
}

const kinds = { Float32Array, Float64Array, Uint32Array, Uint8Array } as const;
type Kind = keyof typeof kinds;

/** A message as text. */
export function written(message: unknown): string {
  return JSON.stringify(pack(message), (_, part: unknown) => {
    if (!ArrayBuffer.isView(part)) return part;
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return { $array: part.constructor.name, text: btoa(text) };
  });
}

/** What `written` wrote. */
export function read(text: string): unknown {
  return unpack(
    JSON.parse(text, (_, part: unknown) => {
      if (typeof part !== 'object' || part === null || !('$array' in part) || !('text' in part)) return part;
      const bytes = Uint8Array.from(atob(String(part.text)), (each) => each.charCodeAt(0));
      const name = String(part.$array);
      return name in kinds ? new kinds[name as Kind](bytes.buffer) : part;
    }),
  );
}

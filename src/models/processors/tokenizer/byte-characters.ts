function isPlain(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/** How a byte-level vocabulary writes bytes: printable Latin-1 as itself, the others as U+0100 and on (Radford et al. 2019). */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
})();

const encoder = new TextEncoder();

/** A text as bytes of UTF-8, each written as one printable character. */
export function bytesWritten(text: string): string {
  return Array.from(encoder.encode(text), (byte) => byteCharacters[byte] ?? '').join('');
}

/**
 * Lempel–Ziv–Welch as TIFF has it: the highest bits first, codes widened one early.
 * @returns how many bytes of `out` were filled; fewer where the stream ends, or breaks off
 */
export function lzw(packed: Uint8Array, out: Uint8Array): number {
  const clear = 256;
  const before = new Int16Array(4097);
  const last = new Uint8Array(4097);
  for (let code = 0; code < clear; code++) last[code] = code;
  const stack = new Uint8Array(4098);
  let filled = 0;
  let bits = 9;
  let next = 258;
  let previous = -1;
  let first = 0;
  let held = 0;
  let buffer = 0;
  for (let at = 0; filled < out.length; ) {
    while (held < bits && at < packed.length) {
      buffer = ((buffer << 8) | (packed[at++] ?? 0)) & 0xfffff;
      held += 8;
    }
    if (held < bits) break;
    held -= bits;
    const code = (buffer >> held) & (2 ** bits - 1);
    if (code === 257) break;
    if (code === clear) {
      bits = 9;
      next = 258;
      previous = -1;
      continue;
    }
    if (code > next || (previous < 0 && code > clear)) break;
    let depth = 0;
    let walk = code;
    if (code === next) {
      stack[depth++] = first;
      walk = previous;
    }
    for (; walk > clear; walk = before[walk] ?? 0) stack[depth++] = last[walk] ?? 0;
    first = last[walk] ?? 0;
    stack[depth++] = first;
    while (depth > 0 && filled < out.length) out[filled++] = stack[--depth] ?? 0;
    if (previous >= 0 && next < 4096) {
      before[next] = previous;
      last[next] = first;
      next++;
      if (next === 2 ** bits - 1 && bits < 12) bits++;
    }
    previous = code;
  }
  return filled;
}

/** Runs of bytes, as the Macintosh packed them. @returns how many bytes of `out` were filled */
export function packBits(packed: Uint8Array, out: Uint8Array): number {
  let filled = 0;
  for (let at = 0; at < packed.length && filled < out.length; ) {
    const count = packed[at++] ?? 0;
    if (count === 128) continue;
    const length = Math.min(count < 128 ? count + 1 : 257 - count, out.length - filled);
    if (count < 128) {
      const part = packed.subarray(at, at + length);
      out.set(part, filled);
      filled += part.length;
      at += count + 1;
    } else {
      out.fill(packed[at++] ?? 0, filled, filled + length);
      filled += length;
    }
  }
  return filled;
}

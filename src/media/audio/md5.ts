/** MD5 (RFC 1321) of bytes that come in parts: FLAC's checksum of its samples. */
export class Md5 {
  private readonly state = new Int32Array([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476]);
  private readonly block = new Uint8Array(64);
  private readonly words = new Int32Array(16);
  private length = 0;

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const at = this.length % 64;
      const part = bytes.subarray(from, from + 64 - at);
      this.block.set(part, at);
      this.length += part.length;
      from += part.length;
      if (this.length % 64 === 0) this.mix();
    }
  }

  /** As 32 hexadecimal digits; nothing can be added any more. */
  digest(): string {
    const bits = 8 * this.length;
    const rest = new Uint8Array(((119 - (this.length % 64)) % 64) + 9);
    rest[0] = 0x80;
    const view = new DataView(rest.buffer);
    view.setUint32(rest.length - 8, bits % 2 ** 32, true);
    view.setUint32(rest.length - 4, Math.floor(bits / 2 ** 32), true);
    this.add(rest);
    const out = new DataView(new ArrayBuffer(16));
    this.state.forEach((value, at) => out.setInt32(4 * at, value, true));
    return Array.from({ length: 16 }, (_, at) => out.getUint8(at).toString(16).padStart(2, '0')).join('');
  }

  private mix(): void {
    const { words } = this;
    const view = new DataView(this.block.buffer);
    for (let at = 0; at < 16; at++) words[at] = view.getInt32(4 * at, true);
    let [a = 0, b = 0, c = 0, d = 0] = this.state;
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const place = [step, 5 * step + 1, 3 * step + 5, 7 * step][round] ?? 0;
      const sum = (a + mixed + (sines[step] ?? 0) + (words[place % 16] ?? 0)) | 0;
      const turn = turns[4 * round + (step % 4)] ?? 0;
      [a, d, c, b] = [d, c, b, (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0];
    }
    [a, b, c, d].forEach((value, at) => {
      this.state[at] = ((this.state[at] ?? 0) + value) | 0;
    });
  }
}

const sines = Int32Array.from({ length: 64 }, (_, at) => Math.floor(2 ** 32 * Math.abs(Math.sin(at + 1))) | 0);

const turns = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

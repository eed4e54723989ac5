/** Thrown where bits end; more of the file may follow. */
export class OutOfBits extends Error {}

/** Bits of bytes, from the highest of the first. */
export class BitReader {
  /** In bits. */
  at: number;
  private readonly end: number;

  constructor(
    readonly bytes: Uint8Array,
    from: number,
  ) {
    this.at = 8 * from;
    this.end = 8 * bytes.length;
  }

  /** A whole number of up to 36 bits. */
  unsigned(count: number): number {
    if (this.at + count > this.end) throw new OutOfBits();
    let value = 0;
    for (let left = count; left > 0; ) {
      const inside = 8 - (this.at & 7);
      const take = Math.min(inside, left);
      const byte = this.bytes[this.at >> 3] ?? 0;
      value = value * (1 << take) + ((byte >> (inside - take)) & ((1 << take) - 1));
      this.at += take;
      left -= take;
    }
    return value;
  }

  /** In two's complement. */
  signed(count: number): number {
    const value = this.unsigned(count);
    return count > 0 && value >= 2 ** (count - 1) ? value - 2 ** count : value;
  }

  /** How many zeros stand before the next one, which is read as well. */
  zeros(): number {
    let count = 0;
    for (;;) {
      if (this.at >= this.end) throw new OutOfBits();
      const inside = 8 - (this.at & 7);
      const rest = (this.bytes[this.at >> 3] ?? 0) & ((1 << inside) - 1);
      if (rest !== 0) {
        const zeros = Math.clz32(rest) - (32 - inside);
        this.at += zeros + 1;
        return count + zeros;
      }
      count += inside;
      this.at += inside;
    }
  }

  /** To the next whole byte, as which place of bytes it is. */
  align(): number {
    this.at = (this.at + 7) & ~7;
    return this.at >> 3;
  }
}

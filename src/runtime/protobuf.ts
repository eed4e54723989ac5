const utf8 = new TextEncoder();

/** A message in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/). */
export class Message {
  private data = new Uint8Array(4096);
  private length = 0;

  /** A signed 64-bit integer. @throws RangeError when it is not a whole number that a double holds exactly. */
  integer(field: number, value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number.`);
    this.tag(field, 0);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.tag(field, 5);
    this.reserve(4);
    new DataView(this.data.buffer).setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, 2);
    return this.raw(value);
  }

  /** Fields that are written already, with their tags. */
  fields(value: Uint8Array): this {
    this.reserve(value.byteLength);
    this.data.set(value, this.length);
    this.length += value.byteLength;
    return this;
  }

  private raw(value: Uint8Array): this {
    this.varint(value.byteLength);
    return this.fields(value);
  }

  text(field: number, value: string): this {
    this.tag(field, 2);
    // Most are short names of the graph's own, in ASCII, whose length takes one byte.
    if (value.length > 0x7f) return this.raw(utf8.encode(value));
    this.reserve(1 + value.length);
    const { data, length } = this;
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return this.raw(utf8.encode(value));
      data[length + 1 + at] = code;
    }
    data[length] = value.length;
    this.length = length + 1 + value.length;
    return this;
  }

  /** A message inside: written behind its tag, then moved to make room for its length. */
  message(field: number, write: (inner: Message) => void): this {
    this.tag(field, 2);
    const start = this.length;
    write(this);
    const { length } = this;
    this.varint(length - start);
    const size = this.length - length;
    this.data.copyWithin(start + size, start, length);
    this.length = start;
    this.varint(length - start);
    this.length = length + size;
    return this;
  }

  finish(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  private tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** Seven bits a byte, lowest first; a negative number as its two's complement of 64 bits, ten bytes long. */
  private varint(value: number): void {
    this.reserve(10);
    // Bits above the 32nd are out of reach of bitwise operators, but not of division.
    let rest = value;
    if (value < 0) {
      let bits = BigInt.asUintN(64, BigInt(value));
      for (; bits > 0x7fn; bits >>= 7n) this.data[this.length++] = Number(bits & 0x7fn) | 0x80;
      this.data[this.length++] = Number(bits);
      return;
    }
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.data[this.length++] = (rest % 128) | 0x80;
    this.data[this.length++] = rest;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.data.length) return;
    const larger = new Uint8Array(Math.max(this.length + bytes, 2 * this.data.length));
    larger.set(this.data);
    this.data = larger;
  }
}

const encoder = new TextEncoder();

/** Text as UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text goes out in pieces of about so many characters. */
const pieceLength = 1 << 18;

/** Gathers text to pieces worth sending. */
export class TextPieces {
  private text = '';

  add(text: string): void {
    this.text += text;
  }

  /** What was gathered, once it is enough. */
  *ready(): Generator<Uint8Array> {
    if (this.text.length >= pieceLength) yield* this.rest();
  }

  *rest(): Generator<Uint8Array> {
    if (this.text !== '') yield bytesOf(this.text);
    this.text = '';
  }
}

/** The shortest decimal that is this float32 and no other: "0.1", not "0.10000000149011612". */
export function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** A set of characters, given as ranges of code points in hexadecimal: "21-2f 3a 5b-60". */
export class CodePoints {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  constructor(ranges: string) {
    for (const range of ranges.split(' ')) {
      const [first = '', last = first] = range.split('-');
      this.starts.push(Number.parseInt(first, 16));
      this.ends.push(Number.parseInt(last, 16));
    }
  }

  has(character: string): boolean {
    const code = character.codePointAt(0) ?? 0;
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= code) low = middle + 1;
      else high = middle;
    }
    return low > 0 && code <= (this.ends[low - 1] ?? -1);
  }
}

/** All tokens in the order of their UTF-16 units, so that those with one beginning lie together. */
export class SortedTokens {
  private readonly tokens: readonly string[];
  private readonly ids: Int32Array;

  constructor(ids: ReadonlyMap<string, number>) {
    this.tokens = [...ids.keys()].filter((token) => token !== '').sort();
    this.ids = Int32Array.from(this.tokens, (token) => ids.get(token) ?? 0);
  }

  /** Visits the tokens that begin at a place, the shortest first. */
  at(characters: readonly string[], from: number, visit: (id: number, to: number) => void): void {
    let [low, high] = [0, this.tokens.length];
    let depth = 0; // UTF-16 units
    for (let to = from; to < characters.length; to++) {
      const character = characters[to] ?? '';
      for (let unit = 0; unit < character.length; unit++, depth++) {
        const code = character.charCodeAt(unit);
        low = this.firstFrom(low, high, depth, code);
        high = this.firstFrom(low, high, depth, code + 1);
        if (low >= high) return;
      }
      if (this.tokens[low]?.length === depth) visit(this.ids[low] ?? 0, to + 1);
    }
  }

  /** The first of tokens with one beginning whose unit at `depth` is at least `code`; the end of a token comes first. */
  private firstFrom(low: number, high: number, depth: number, code: number): number {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >> 1;
      const token = this.tokens[middle] ?? '';
      if (token.length <= depth || token.charCodeAt(depth) < code) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

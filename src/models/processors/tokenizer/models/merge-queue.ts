/** A pair of tokens that may be merged: where it begins, and what it becomes. */
export interface Candidate {
  readonly rank: number;
  readonly id: number;
  readonly at: number;
}

/** Gives the candidate with the lowest rank, and of these the leftmost: a binary heap. */
export class MergeQueue {
  private readonly heap: Candidate[] = [];

  push(candidate: Candidate): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(candidate);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(candidate, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = candidate;
  }

  pop(): Candidate | undefined {
    const { heap } = this;
    const [top] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [first, second] = [heap[left], heap[left + 1]];
      if (first === undefined) break;
      const [child, below] =
        second !== undefined && isBefore(second, first) ? [left + 1, second] : [left, first];
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(one: Candidate, other: Candidate): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.at < other.at);
}

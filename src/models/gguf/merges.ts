/**
 * The merges that a vocabulary with scores implies: each token may come from any two that it consists of, the best
 * token first; of equally good ones the longer left part, then the longer right part, then the earlier in the vocabulary.
 * SentencePiece joins by the score of what comes out, which is the same.
 */
export function impliedMerges(
  tokens: readonly string[],
  scoreOf: (id: number) => number,
): [left: string, right: string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: { left: string; right: string; score: number; lengths: [number, number] }[] = [];
  for (const [id, token] of tokens.entries()) {
    if (ids.get(token) !== id) continue;
    const own: { left: string; right: string; ids: [number, number]; lengths: [number, number] }[] = [];
    const characters = [...token];
    let at = 0;
    for (const [index, character] of characters.slice(0, -1).entries()) {
      at += character.length;
      const [left, right] = [token.slice(0, at), token.slice(at)];
      const [first, second] = [ids.get(left), ids.get(right)];
      if (first === undefined || second === undefined) continue;
      own.push({ left, right, ids: [first, second], lengths: [index + 1, characters.length - index - 1] });
    }
    own.sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
    const score = scoreOf(id);
    merges.push(...own.map(({ left, right, lengths }) => ({ left, right, score, lengths })));
  }
  merges.sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]);
  return merges.map(({ left, right }) => [left, right]);
}

/** The text that pieces of SentencePiece stand for, without those that stand for none. */
export function textOfPieces(
  ids: readonly number[],
  tokens: ReadonlyMap<number, string>,
  silent: ReadonlySet<string>,
): string {
  return ids
    .flatMap((id) => tokens.get(id) ?? [])
    .filter((token) => !silent.has(token))
    .join('')
    .replaceAll('▁', ' ')
    .trim();
}

/** How a growing text differs from what it was: its last character may have been half a character until now. */
export interface TextChange {
  /** How many UTF-16 units of the text stay, from its beginning. */
  readonly kept: number;
  /** What comes after them. */
  readonly added: string;
}

/** The change that makes one text of another. */
export function changeOf(before: string, after: string): TextChange {
  let kept = 0;
  while (kept < before.length && before[kept] === after[kept]) kept++;
  return { kept, added: after.slice(kept) };
}

/** Puts a text together from its changes, and tells of all of it after each. What carries no change is passed over. */
export function gatherText(
  onText: (text: string) => void,
): (progress: { readonly text?: TextChange }) => void {
  let text = '';
  return ({ text: change }) => {
    if (change === undefined) return;
    text = text.slice(0, change.kept) + change.added;
    onText(text);
  };
}

/**
 * The notice that a model did not read all of what it was given; none where it did.
 * @param what are counted: "tokens"
 */
export function truncated(used: number, total: number, what = 'tokens'): readonly string[] {
  return total > used ? [`Truncated to the model’s limit: ${used} of ${total} ${what}.`] : [];
}

/**
 * The moves of this page, numbered. The host answers each of them with where the user is then; on the way there and back the page
 * may have moved on, and an answer to an older move would take it back to where it was.
 */
export class OwnMoves {
  private made = 0;
  private answered = 0;

  /** The number of a move that is made now. */
  next(): number {
    this.made += 1;
    return this.made;
  }

  /** True of what the host says of a move made elsewhere (null), and of the answer to the newest move, not of older ones. */
  isNews(answers: number | null): boolean {
    if (answers === null) return true;
    if (answers <= this.made) this.answered = answers;
    return answers === this.made;
  }

  /** True while the host has not heard of the newest move. */
  get unanswered(): boolean {
    return this.answered < this.made;
  }
}

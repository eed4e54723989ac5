import type { Move, Moved, Position } from '../../protocol.js';
import type { Session } from '../session/session.js';

/** Tells a page where the user is: its own moves are answered by their number, once; others are told as they come. */
export class PageMoves {
  /** While a move of the page is made, which its session tells of as well. */
  private answering = false;

  constructor(private readonly tell: (moved: Moved) => void) {}

  /** The page has moved. */
  make(session: Pick<Session, 'move' | 'position'>, { position, number }: Move): void {
    this.answering = true;
    session.move(position);
    this.answering = false;
    this.tell({ position: session.position, answers: number });
  }

  /** The session has moved. */
  follow(position: Position): void {
    if (!this.answering) this.tell({ position, answers: null });
  }
}

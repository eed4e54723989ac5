/** What a view waits for first: what is quickly done, the picture it looks at, numbers beside it, the overview; files can wait. */
export const urgency = { quick: 0, picture: 1, figures: 2, overview: 3, background: 4 } as const;
export type Urgency = (typeof urgency)[keyof typeof urgency];

/** A request's place among those that are under way. */
export interface QueuePlace {
  /** Waits until nothing more urgent, and nothing as urgent and earlier, is under way. */
  turn(): Promise<void>;
  /** Makes room: always called, however the request ended. */
  leave(): void;
}

interface Request {
  readonly urgency: Urgency;
  /** Set while it waits for its turn. */
  go: (() => void) | undefined;
}

/**
 * Lets long requests run band by band, the most urgent and earliest to its end before the next: if they took turns evenly,
 * all of them would be done only at the end. What comes later and is more urgent goes first from its first band on.
 */
export class Turns {
  /** In the order in which they came. */
  private readonly requests = new Set<Request>();

  place(level: Urgency): QueuePlace {
    const request: Request = { urgency: level, go: undefined };
    this.requests.add(request);
    return {
      turn: () =>
        new Promise((resolve) => {
          request.go = resolve;
          this.letNext();
        }),
      leave: () => {
        this.requests.delete(request);
        this.letNext();
      },
    };
  }

  /** Only the first in line may go; where it is busy with its last band, the others wait. */
  private letNext(): void {
    let first: Request | undefined;
    for (const each of this.requests) {
      if (first === undefined || each.urgency < first.urgency) first = each;
    }
    const go = first?.go;
    if (first === undefined || go === undefined) return;
    first.go = undefined;
    go();
  }
}

import { ExpressionError, MAX_PARTS, type Node } from './parse.js';

/** A step of a program: where it goes on is the next step, if nothing else is said. */
type Step =
  | { readonly does: 'character'; readonly matches: (character: string) => boolean }
  | { readonly does: 'split'; first: number; second: number }
  | { readonly does: 'go'; to: number }
  | { readonly does: 'ahead'; end: number; readonly negated: boolean }
  | { readonly does: 'atomic'; end: number }
  | { readonly does: 'behind'; readonly matches: (character: string) => boolean; readonly negated: boolean }
  | { readonly does: 'edge'; readonly of: 'start' | 'end' | 'word' | 'within' }
  | { readonly does: 'accept' };

/** Steps times characters that are remembered; a bit each. */
const MOST_STATES = 2 ** 30;

/** What look-aheads and atomic groups repeat is not remembered: so many steps for each character, and at least so many. */
const STEPS_A_CHARACTER = 4096;
const LEAST_STEPS = 2 ** 24;

const isWord = (character: string | undefined): boolean => character !== undefined && /^\w$/.test(character);

/** A stretch that an expression matches, in characters. */
export interface Match {
  readonly from: number;
  readonly to: number;
}

/**
 * An expression that matches what JavaScript's own does, in time that is linear in the text: what has failed at a place is not
 * tried there again. Where a group that may be empty is repeated, engines differ in when they give up.
 */
export class LinearExpression {
  private readonly steps: Step[] = [];

  /** @throws ExpressionError where it is too long */
  constructor(parsed: Node) {
    this.add(parsed);
    this.put({ does: 'accept' });
  }

  /** Every match, from left to right, none within another. @throws ExpressionError where it takes too long */
  *matches(characters: readonly string[]): Generator<Match> {
    const run = new Run(this.steps, characters);
    for (let from = 0; from <= characters.length;) {
      const to = run.from(0, from);
      if (to !== undefined) yield { from, to };
      from = to === undefined || to === from ? from + 1 : to;
    }
  }

  private put<Put extends Step>(step: Put): Put {
    if (this.steps.length >= MAX_PARTS) {
      throw new ExpressionError(`it has more than ${MAX_PARTS} parts once its repetitions are written out`);
    }
    this.steps.push(step);
    return step;
  }

  private add(node: Node): void {
    switch (node.kind) {
      case 'character':
        this.put({ does: 'character', matches: node.matches });
        return;
      case 'sequence':
        for (const part of node.parts) this.add(part);
        return;
      case 'choice':
        this.addChoice(node.options);
        return;
      case 'repeat':
        this.addRepeat(node);
        return;
      case 'ahead':
      case 'atomic': {
        const step: Step & { end: number } =
          node.kind === 'ahead'
            ? this.put({ does: 'ahead', end: 0, negated: node.negated })
            : this.put({ does: 'atomic', end: 0 });
        this.add(node.part);
        this.put({ does: 'accept' });
        step.end = this.steps.length;
        return;
      }
      case 'behind':
        this.put({ does: 'behind', matches: node.matches, negated: node.negated });
        return;
      case 'edge':
        this.put({ does: 'edge', of: node.of });
        return;
    }
  }

  private addChoice(options: readonly Node[]): void {
    const ends: { to: number }[] = [];
    options.forEach((option, at) => {
      if (at === options.length - 1) {
        this.add(option);
        return;
      }
      const split = this.put({ does: 'split', first: this.steps.length + 1, second: 0 });
      this.add(option);
      ends.push(this.put({ does: 'go', to: 0 }));
      split.second = this.steps.length;
    });
    for (const end of ends) end.to = this.steps.length;
  }

  private addRepeat({ part, least, most, lazy }: Extract<Node, { kind: 'repeat' }>): void {
    for (let time = 0; time < least; time++) this.add(part);
    const optional = (): ((end: number) => void) => {
      const split = this.put({ does: 'split', first: 0, second: 0 });
      const inside = this.steps.length;
      return (end) => {
        [split.first, split.second] = lazy ? [end, inside] : [inside, end];
      };
    };
    if (most === Infinity) {
      const start = this.steps.length;
      const close = optional();
      this.add(part);
      this.put({ does: 'go', to: start });
      close(this.steps.length);
      return;
    }
    const closes: ((end: number) => void)[] = [];
    for (let time = least; time < most; time++) {
      closes.push(optional());
      this.add(part);
    }
    for (const close of closes) close(this.steps.length);
  }
}

/** A program over one text. */
class Run {
  private readonly failed: Uint8Array;
  private left: number;

  constructor(
    private readonly steps: readonly Step[],
    private readonly characters: readonly string[],
  ) {
    const states = steps.length * (characters.length + 1);
    if (states > MOST_STATES) throw new ExpressionError('it is too long for a text of this length');
    this.failed = new Uint8Array(Math.ceil(states / 8));
    this.left = LEAST_STEPS + STEPS_A_CHARACTER * characters.length;
  }

  /** Where what begins at a step and a place ends, in the order in which it is tried; undefined where it does not match. */
  from(start: number, place: number): number | undefined {
    // Step, place and depth of what is still to be tried, the next one last.
    const waiting = [start, place, 0];
    // The states that lead to where it is: all others that were looked at have failed.
    const path: number[] = [];
    while (waiting.length > 0) {
      const depth = waiting.pop() ?? 0;
      let at = waiting.pop() ?? 0;
      let step = waiting.pop() ?? 0;
      path.length = depth;
      for (;;) {
        const index = at * this.steps.length + step;
        const does = this.steps[step];
        if (does === undefined || this.hasFailed(index)) break;
        if (--this.left < 0) throw new ExpressionError('it takes too many steps for this text');
        path.push(index);
        this.fail(index, true);
        if (does.does === 'accept') {
          for (const each of path) this.fail(each, false);
          return at;
        }
        if (does.does === 'split') {
          waiting.push(does.second, at, path.length);
          step = does.first;
        } else if (does.does === 'character') {
          const character = this.characters[at];
          if (character === undefined || !does.matches(character)) break;
          step++;
          at++;
        } else {
          const next = this.next(does, step, at);
          if (next === undefined) break;
          ({ step, place: at } = next);
        }
      }
    }
    return undefined;
  }

  private next(
    step: Exclude<Step, { does: 'split' | 'accept' | 'character' }>,
    at: number,
    place: number,
  ): { readonly step: number; readonly place: number } | undefined {
    const { characters } = this;
    switch (step.does) {
      case 'go':
        return { step: step.to, place };
      case 'ahead': {
        const is = this.from(at + 1, place) !== undefined;
        return is === step.negated ? undefined : { step: step.end, place };
      }
      case 'atomic': {
        const end = this.from(at + 1, place);
        return end === undefined ? undefined : { step: step.end, place: end };
      }
      case 'behind': {
        const before = characters[place - 1];
        const is = before !== undefined && step.matches(before);
        return is === step.negated ? undefined : { step: at + 1, place };
      }
      case 'edge':
        return this.isEdge(step.of, place) ? { step: at + 1, place } : undefined;
    }
  }

  private isEdge(of: 'start' | 'end' | 'word' | 'within', place: number): boolean {
    const { characters } = this;
    if (of === 'start') return place === 0;
    if (of === 'end') return place === characters.length;
    return (isWord(characters[place - 1]) !== isWord(characters[place])) === (of === 'word');
  }

  private hasFailed(state: number): boolean {
    return (((this.failed[state >> 3] ?? 0) >> (state & 7)) & 1) === 1;
  }

  private fail(state: number, has: boolean): void {
    const byte = this.failed[state >> 3] ?? 0;
    const bit = 1 << (state & 7);
    this.failed[state >> 3] = has ? byte | bit : byte & ~bit;
  }
}

import assert from 'node:assert/strict';
import type { Labels, Span } from '../../src/protocol.js';

/** Where tokens stand in a text that was brought: the first of an inspection, or another one. */
export function spansIn({ marks }: Labels, text = 0): readonly (Span | null)[] | undefined {
  return marks?.map((mark) => {
    if (mark === null) return null;
    assert.ok(mark.kind === 'span' && mark.medium === `text-${text}`, JSON.stringify(mark));
    return { start: mark.start, end: mark.end };
  });
}

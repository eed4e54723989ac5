import { rankHeads } from '../../../src/inspection/views/head-ranking.js';
import { collectLines } from '../../../src/inspection/views/lines.js';
import type { HeadRanking, HeadRankingRequest, Lines, LinesRequest, Span } from '../../../src/protocol.js';
import type { Answers } from './answers.js';

function rowsOf({ attention }: Answers) {
  return (
    layer: number,
    { rows, heads }: { readonly rows: Span; readonly heads: Span },
    take: (query: number, heads: readonly Float32Array[]) => void,
  ): Promise<void> => {
    for (let query = rows.start; query < rows.end; query += 1) {
      const each = Array.from({ length: heads.end - heads.start }, (_, at) =>
        attention.row('weights', layer, heads.start + at, query),
      );
      take(query, each);
    }
    return Promise.resolve();
  };
}

/** As the engine ranks heads, over made-up weights. */
export async function rankingOf(answers: Answers, request: HeadRankingRequest): Promise<HeadRanking> {
  const { subject, revision } = answers;
  const rows = rowsOf(answers);
  const heads = { start: 0, end: subject.heads };
  const ranking = await rankHeads(subject, request, (layer, span, take) =>
    rows(layer, { rows: span, heads }, take),
  );
  return { revision, ...ranking };
}

export async function linesOf(answers: Answers, request: LinesRequest): Promise<Lines> {
  return { revision: answers.revision, sets: await collectLines(answers.subject, request, rowsOf(answers)) };
}

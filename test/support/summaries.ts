import type { InspectionSummary, OpenResult } from '../../src/protocol.js';

/** What was opened. @throws Error where a question was asked instead */
export function summaryOf(result: OpenResult): InspectionSummary {
  if (result.kind === 'inspection') return result.summary;
  throw new Error(result.question.reason);
}

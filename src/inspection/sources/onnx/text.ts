import type { Encoding, OnnxModel } from '../../../models/index.js';
import type { Labels } from '../../../protocol.js';
import { marksIn, textMedium } from '../../core/marks.js';
import { truncated, unknownTokens } from '../../core/truncated.js';
import type { ExportReading } from './reading.js';

/** Where the tokens of the text stand. */
const medium = textMedium(0);

/** A text, read by an export. @param texts how many were brought, of which one is read */
export function textReading(model: OnnxModel, encoding: Encoding, texts: number): ExportReading {
  const { ids } = encoding;
  return {
    controls: [],
    input: () => ({ input: ids, key: '' }),
    async describe({ queries, keys }) {
      const { name, fixed } = model;
      const labels = await labelsOf(model, encoding, Math.max(queries, keys));
      return {
        title: model.title,
        size: `${labels.count} tokens`,
        media: [medium],
        queries: labels,
        keys: labels,
        notices: [
          ...(fixed !== undefined && ids.length < fixed
            ? [`${name} always reads ${fixed} tokens: ${fixed - ids.length} of them are padding.`]
            : []),
          ...truncated(ids.length, encoding),
          ...unknownTokens(encoding),
          ...(texts === 1 ? [] : [`${name} reads one text: the second selection was not used.`]),
        ],
      };
    },
  };
}

/** The text's tokens, and those that fill an export of a fixed length. */
async function labelsOf(model: OnnxModel, { tokens, ranges }: Encoding, count: number): Promise<Labels> {
  const missing = count - tokens.length;
  if (missing <= 0) return { count: tokens.length, words: tokens, marks: marksIn(medium, ranges) };
  const padding = await model.paddingToken();
  const fill = Array.from({ length: missing }, () => null);
  return {
    count,
    words: [...tokens, ...fill.map(() => padding)],
    marks: marksIn(medium, [...ranges, ...fill]),
  };
}

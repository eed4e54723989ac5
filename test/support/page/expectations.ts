import type {
  Candidate,
  Candidates,
  CandidatesRequest,
  Classes,
  ContinueRequest,
} from '../../../src/protocol.js';

const vocabulary = [
  'the',
  ' the',
  ' street',
  ' animal',
  ' cross',
  ' because',
  '\n',
  '.',
  ' was',
  ' it',
  ' tired',
  '🚀',
];

/** What a made-up model says next: the words' logits fall by one from a first word on that the query chooses. */
export function candidatesOf(
  { query, count }: CandidatesRequest,
  revision: number,
  queries: number,
): Candidates {
  const logits = vocabulary.map(
    (_, id) => -((id + vocabulary.length - (query % vocabulary.length)) % vocabulary.length),
  );
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  const describe = (id: number): Candidate => {
    const text = vocabulary[id] ?? '';
    const logit = logits[id] ?? Number.NaN;
    return { id, token: text.replaceAll(' ', 'Ġ'), text, logit, probability: Math.exp(logit) / sum };
  };
  const order = vocabulary.map((_, id) => id).toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const entropy = logits.reduce((total, logit) => {
    const share = Math.exp(logit) / sum;
    return total - share * Math.log(share);
  }, 0);
  const said = { revision, query, candidates: order.slice(0, count).map(describe), entropy };
  if (query + 1 >= queries) return said;
  const stands = (query + 3) % vocabulary.length;
  return { ...said, actual: { ...describe(stands), rank: order.indexOf(stands) } };
}

/** What it takes an image for: logits fall by one from class to class. */
export function classesOf(count: number, revision: number, labels: readonly string[]): Classes {
  const sum = labels.reduce((total, _, index) => total + Math.exp(-index), 0);
  const classes = labels.map((label, index) => ({
    index,
    label,
    logit: -index,
    probability: Math.exp(-index) / sum,
  }));
  return { revision, of: 'classes', by: 'softmax', classes: classes.slice(0, count) };
}

/** The words that it writes. */
export function continuationOf({ tokens }: Omit<ContinueRequest, 'inspection'>): readonly string[] {
  return vocabulary.slice(0, Math.min(tokens, vocabulary.length));
}

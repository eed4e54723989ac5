/** Said of a pair's vectors. */
export const vectorsStrings = {
  title: 'Vectors',
  order: 'Order',
  byDimension: 'By dimension',
  bySize: 'Largest products first',
  stage: 'Vectors',
  running: 'Running sum',
  parts: (axis: string) => `${axis} by ${axis}`,
  keys: 'Arrow keys move along the dimensions, Home and End to the first and last.',
  sum: (count: number, total: string, score: string) =>
    `The ${count} products sum to ${total}; the score is ${score}.`,
  before: (title: string, total: string) => `${title}: their dot product is ${total}.`,
  at: (axis: string, index: number, numbers: string, sum: string) =>
    `${axis} ${index}: ${numbers}; sum so far ${sum}`,
  chain: 'From the score to the weight',
  given: 'The scores were given: there are no vectors behind them.',
  strip: 'Every key: the products by dimension',
  stripNote:
    'One column a key, one row a dimension: each column sums to that key’s score. Click a column to pick its key.',
} as const;

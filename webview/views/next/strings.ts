/** Said of what a model expects next. */
export const nextStrings = {
  title: 'Next token',
  after: (word: string) => `after ${word}`,
  at: (word: string) => `where ${word} was written`,
  here: 'stands here',
  rank: (rank: number) => `${rank + 1}.`,
  entropy: (nats: string) => `Entropy ${nats} nats: how undecided the model is.`,
  list: 'The likeliest next tokens, with their probabilities',
  go: 'Continue',
  goHint: 'The model goes on with the text, token by token.',
  stop: 'Stop',
  stopHint: 'Ends with the tokens that came.',
  waiting: 'Thinking…',
  said: (ending: 'length' | 'end' | 'limit' | 'halted') =>
    ({
      length: '',
      end: 'The model says that the text is over.',
      limit: 'The model reads no more tokens.',
      halted: 'Stopped.',
    })[ending],
} as const;

/** Said of what a model expects next. */
export const nextStrings = {
  title: 'Next token',
  after: (word: string) => `after ${word}`,
  at: (word: string) => `where ${word} was written`,
  here: 'stands here',
  entropy: (nats: string) => `Entropy ${nats} nats: uncertainty of the prediction.`,
  list: 'The most probable next tokens, with their probabilities',
  go: 'Continue',
  goHint: 'Generate the continuation, token by token.',
  stop: 'Stop',
  stopHint: 'Stop and keep the tokens generated so far.',
  waiting: 'Running…',
  said: (ending: 'length' | 'end' | 'limit' | 'halted') =>
    ({
      length: '',
      end: 'End-of-text token generated.',
      limit: 'The context is full.',
      halted: 'Stopped.',
    })[ending],
} as const;

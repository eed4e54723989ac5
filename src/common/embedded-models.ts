/** The names of the models that come along: an encoder, a causal model, a captioner, and one that listens. */
export const embeddedNames = {
  embedded: 'all-MiniLM-L6-v2',
  gpt: 'gpt-packages',
  scenes: 'emoji-scenes',
  numbers: 'numbers-speech',
} as const;

/** The attentions of the models for written dates. */
export const dateScores = ['bahdanau', 'luong', 'transformer'] as const;

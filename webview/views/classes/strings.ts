/** Said of what a model takes the whole for. */
export const classesStrings = {
  title: 'Classes',
  list: 'The most probable classes, with their probabilities',
  of: (count: number) => `Softmax over all ${count} classes.`,
  hint: (index: number, label: string, logit: string) => `class ${index}: ${label}, logit ${logit}`,
} as const;

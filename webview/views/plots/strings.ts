/** Said by the plots. */
export const plotStrings = {
  plots: 'Plots',
  curves: 'Curves',
  close: 'Close',
  closeHint: 'Back to the matrix (Escape)',
  nothing: '–',
  keys: 'Left and right arrow keys move the read-out, Home and End go to the ends.',
  waiting: 'Computing…',
  numbers: 'Numbers',
  show: 'Show the numbers',
  hide: 'Hide the numbers',
  table: (title: string) => `Numbers of ${title}`,
  axis: (title: string, unit: string) => (unit === '' ? title : `${title} (${unit})`),
} as const;

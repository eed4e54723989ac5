import { headPlace, placeNumber } from '../../../src/common/counting.js';
import { seconds } from './ticks.js';

/** Said of a recording. */
export const soundStrings = {
  title: 'Sound',
  play: 'Play',
  pause: 'Pause',
  playHint: 'Play or pause (Space)',
  moment: 'Played moment',
  loop: 'Loop',
  loopHint: 'Play again from where it began, until paused.',
  rate: 'Speed',
  rateTitle: (rate: number) => `${rate}×`,
  loading: 'Loading the sound…',
  noContext: 'Sound cannot be played here: this window has no Web Audio.',
  noDevice: 'The sound does not start: no output device answers. Check the audio output of this computer.',
  shown: 'What is drawn over time',
  attention: (layer: number, head: number) => `Attention of head ${placeNumber(layer)}.${placeNumber(head)}`,
  sharedAttention: (layer: number) => `Attention of layer ${placeNumber(layer)}`,
  attentionHint: 'The weights of the head that is open, as the model computed them.',
  alignment: (heads: number | null) =>
    heads === null
      ? 'Alignment (mean of z-scores)'
      : `Alignment (mean of z-scores of ${heads} ${heads === 1 ? 'head' : 'heads'})`,
  alignmentHint: 'What dynamic time warping is given. It is made of attention scores, but is not attention.',
  path: 'Path',
  pathHint: 'The path of dynamic time warping, from which the times of the words are read.',
  captionHead: (title: string, layer: number, head: number) =>
    `${title} · ${headPlace(layer, head).toLowerCase()}`,
  captionLayer: (title: string, layer: number) => `${title} · layer ${placeNumber(layer)}`,
  withPath: 'line: path of the alignment',
  waveform: 'Amplitude',
  spectrogram: 'Log-mel (kHz)',
  time: 'Time (s)',
  tokens: 'Token',
  frames: 'Frame (s)',
  words: 'Words, by the alignment',
  word: (text: string, start: number, end: number) => `${text}, ${seconds(start)} to ${seconds(end)} s`,
  wordHint: (text: string, start: number, end: number) =>
    `“${text}” ${seconds(start)}–${seconds(end)} s. Click: play it.`,
  aligning: 'Aligning the words…',
  zoomIn: (count: number) => `Zoom in to read the ${count} words.`,
  noWords: 'No words were aligned.',
  elsewhere:
    'What is shown here does not lie on the recording: open the encoder’s self-attention or the cross-attention.',
  padding: 'Behind it the model read silence: zoom out to see what attends to that (hatched).',
  part: (start: number, end: number, duration: number) =>
    `Heard: ${seconds(start)}–${seconds(end)} s of ${seconds(duration)} s.`,
  description: (said: {
    readonly caption: string;
    readonly name: string;
    readonly start: string;
    readonly end: string;
  }) =>
    `${said.caption}, over ${said.name}, ${said.start} to ${said.end} s. Arrow keys move, Enter picks, Space plays and pauses, ` +
    'Escape clears, plus and minus zoom, Shift and arrow keys pan.',
  nothing: 'Point at a frame to read it; press Enter or click to pick it. Space plays.',
  at: (start: number, end: number) => `${seconds(start)}–${seconds(end)} s`,
  fit: 'Fit what was heard (0)',
  strip: 'The whole recording',
  from: 'Start of the part that is heard',
  to: 'End of the part that is heard',
  stripHint: (most: number) =>
    `Drag to choose another part, of at most ${seconds(most)} s. With the keyboard: arrow keys move an end, Shift moves it by 1 s, Enter inspects.`,
  inspectPart: (start: number, end: number) => `Inspect ${seconds(start)}–${seconds(end)} s`,
  spanOf: (start: number, end: number) => `${seconds(start)}–${seconds(end)} s`,
  table: 'When each word was said, by the alignment',
  tableWord: 'Word',
  tableStart: 'Start (s)',
  tableEnd: 'End (s)',
  tableLength: 'Length (s)',
  playWord: (text: string) => `Play “${text}”`,
  heads: 'Heads by how near their attention is to a diagonal',
  headsNote:
    'Share of the weight within a few frames of the head’s best path forward. Checked heads are those that the alignment uses.',
  headsLoading: 'Ranking the heads…',
  openHead: 'Open head ',
  nearDiagonal: ' near a diagonal',
  headUsed: (layer: number, head: number) => `Align with ${headPlace(layer, head).toLowerCase()}`,
  align: 'Align with the checked heads',
  modelHeads: 'The model’s own heads',
  allHeads: (count: number) => `All ${count} heads`,
  fewHeads: 'Fewer heads',
} as const;

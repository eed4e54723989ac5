/** Where the pictures over one time axis lie, in CSS pixels from the upper left corner of them all. */
export interface Band {
  readonly top: number;
  readonly height: number;
}

export interface SoundLayout {
  readonly width: number;
  readonly height: number;
  /** Where time begins, and how wide it is. */
  readonly left: number;
  readonly across: number;
  readonly waveform: Band;
  readonly words: Band | null;
  readonly spectrogram: Band;
  readonly caption: Band | null;
  readonly cells: Band | null;
  readonly axis: Band;
}

export interface LayoutOptions {
  readonly width: number;
  /** What there is, before anything has to be scrolled to. */
  readonly height: number;
  readonly words: boolean;
  /** Rows of the matrix that are seen at first; null where there is none. */
  readonly rows: number | null;
}

const gap = 8;
const axisHeight = 34;
const captionHeight = 22;
const wordsHeight = 28;
/** The matrix is at least this high, and a row of few not higher than that. */
const leastCells = 150;
const highestRow = 30;

/** Divides what there is between the pictures. */
export function layOut({ width, height, words, rows }: LayoutOptions): SoundLayout {
  const left = width >= 560 ? 104 : 88;
  const right = 14;
  const small = height < 520;
  const waveHeight = small ? 56 : 76;
  const melHeight = small ? 80 : 112;
  let top = 2;
  const band = (tall: number, after = gap): Band => {
    const made = { top, height: tall };
    top += tall + after;
    return made;
  };
  const waveform = band(waveHeight, words ? 2 : gap);
  const wordBand = words ? band(wordsHeight) : null;
  const spectrogram = band(melHeight, rows === null ? 4 : gap);
  const caption = rows === null ? null : band(captionHeight, 2);
  const rest = height - top - axisHeight - 4;
  const cells =
    rows === null
      ? null
      : band(Math.round(Math.max(leastCells, Math.min(rest, Math.max(leastCells, rows * highestRow)))), 4);
  const axis = band(axisHeight, 0);
  return {
    ...{ width, height: top, left, across: Math.max(40, width - left - right) },
    ...{ waveform, words: wordBand, spectrogram, caption, cells, axis },
  };
}

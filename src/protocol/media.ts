/** Something that the user brought, whose parts stand behind the rows and columns of a matrix. */
export type Medium = TextMedium | ImageMedium | AudioMedium;

export interface TextMedium {
  /** Unique within an inspection. */
  readonly id: string;
  readonly kind: 'text';
  /** Which of the material's texts it is, counted from 0. */
  readonly index: number;
}

export interface ImageMedium {
  /** Unique within an inspection. */
  readonly id: string;
  readonly kind: 'image';
  /** Of its file. */
  readonly name: string;
  /** Upright, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The part that the model saw; beyond the image where that was padded. */
  readonly seen: Box;
}

export interface AudioMedium {
  /** Unique within an inspection. */
  readonly id: string;
  readonly kind: 'audio';
  /** Of its file. */
  readonly name: string;
  /** Of the whole recording, in seconds. */
  readonly duration: number;
  /** The part that the model heard; what it padded with silence is not in it. */
  readonly heard: Interval;
  /** The most that the model hears at once, in seconds. */
  readonly most: number;
}

/** Half-open, in seconds of the recording. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** In pixels of the original image, from its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of a medium that a row or column stands for. */
export type Mark = { readonly medium: string } & (
  | {
      readonly kind: 'span';
      /** Half-open, in UTF-16 units of the text. */
      readonly start: number;
      readonly end: number;
    }
  | ({ readonly kind: 'box' } & Box)
  | ({ readonly kind: 'interval' } & Interval)
);

/** The names along one side of a matrix. */
export interface Labels {
  readonly count: number;
  /** One a row or column; where there are none, positions count from 0. */
  readonly words?: readonly string[];
  /** What each row or column stands for; null for what stands for nothing that was brought, such as [CLS]. */
  readonly marks?: readonly (Mark | null)[];
  /** Which of them lie in a grid over an image. */
  readonly grid?: Grid;
}

/** Patches row by row, from the label `first` on. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly first: number;
}

/** An image, upright, not larger than was asked for. */
export interface Preview {
  readonly width: number;
  readonly height: number;
  /** Eight bits for each of red, green, blue and opacity. // (row, column, channel) */
  readonly data: Uint8ClampedArray;
}

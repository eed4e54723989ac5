/** Something that the user brought, whose parts stand behind the rows and columns of a matrix. */
export interface Medium {
  /** Unique within an inspection. */
  readonly id: string;
  readonly kind: 'text';
  /** Which of the material's texts it is, counted from 0. */
  readonly index: number;
}

/** The part of a medium that a row or column stands for. */
export type Mark = { readonly medium: string } & (
  | {
      readonly kind: 'span';
      /** Half-open, in UTF-16 units of the text. */
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: 'box';
      /** In pixels of the original image, from its upper left corner. */
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
    }
  | {
      readonly kind: 'interval';
      /** Half-open, in seconds. */
      readonly start: number;
      readonly end: number;
    }
);

/** The names along one side of a matrix. */
export interface Labels {
  readonly count: number;
  /** One a row or column; where there are none, positions count from 0. */
  readonly words?: readonly string[];
  /** What each row or column stands for; null for what stands for nothing that was brought, such as [CLS]. */
  readonly marks?: readonly (Mark | null)[];
}

/** What a self-contained page shows, as it stands in its data. Arrays of numbers are float32, little-endian, in base64. */
export interface FileContents {
  readonly title: string;
  readonly subtitle: string;
  readonly layers: number;
  readonly heads: number;
  /** What layers and heads count from where people read them. */
  readonly countFrom: number;
  readonly position: { readonly layer: number; readonly head: number; readonly step: string };
  readonly steps: readonly FileStep[];
  readonly matrices: readonly FileMatrix[];
  /** 256 colours of three bytes each, in base64, from the lowest number to the highest. */
  readonly colors: { readonly weights: string; readonly signed: string };
  readonly masked: string;
  readonly spread: 'linear' | 'logarithmic' | 'power' | 'row';
}

export interface FileStep {
  readonly name: string;
  readonly title: string;
  readonly rows: FileSide;
  readonly columns: FileSide;
  readonly scale: 'weights' | 'signed';
}

export interface FileSide {
  readonly title: string;
  readonly size: number;
  /** Null where there are numbers alone. */
  readonly words: readonly string[] | null;
}

export interface FileMatrix {
  readonly step: string;
  readonly layer: number;
  readonly head: number;
  /** (row, column), NaN where masked; pooled where it has fewer numbers than cells. */
  readonly data: string;
  readonly rows: number;
  readonly columns: number;
  readonly low: number;
  readonly high: number;
}

/** The number of the first layer and of the first head, wherever people read them. */
export type CountFrom = 0 | 1;

let first: CountFrom = 0;

/** Says from where this process, or this page, counts layers and heads; 0, as the libraries do that they come from, unless told. */
export function countLayersAndHeadsFrom(from: CountFrom): void {
  first = from;
}

/** A setting as it was read, from wherever it came. */
export function countFromOf(setting: unknown): CountFrom {
  return setting === 1 || setting === '1' ? 1 : 0;
}

/** The number that a layer or a head is shown by: in pages, code, exports and messages. */
export function placeNumber(index: number): number {
  return index + first;
}

/** "Layer 3 of 0–11": which one, and how they are counted. */
export function placeAmong(index: number, count: number): string {
  return count === 1
    ? String(placeNumber(index))
    : `${placeNumber(index)} of ${placeNumber(0)}–${placeNumber(count - 1)}`;
}

/** "Layer 3, head 7" */
export function headPlace(layer: number, head: number): string {
  return `Layer ${placeNumber(layer)}, head ${placeNumber(head)}`;
}

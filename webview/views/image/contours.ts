/** Numbers in a grid, row by row. */
export interface Field {
  readonly rows: number;
  readonly columns: number;
  /** // (row, column) */
  readonly data: Float32Array;
}

/** A line from (x, y) to (x, y), in patches from the grid's upper left corner. */
export type Segment = readonly [number, number, number, number];

/** The edges between patches that are in a set and those that are not. */
export function edgesAround({ rows, columns }: Omit<Field, 'data'>, mask: Uint8Array): Segment[] {
  const has = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < rows && column < columns && mask[row * columns + column] === 1;
  const edges: Segment[] = [];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (!has(row, column)) continue;
      if (!has(row - 1, column)) edges.push([column, row, column + 1, row]);
      if (!has(row + 1, column)) edges.push([column, row + 1, column + 1, row + 1]);
      if (!has(row, column - 1)) edges.push([column, row, column, row + 1]);
      if (!has(row, column + 1)) edges.push([column + 1, row, column + 1, row + 1]);
    }
  }
  return edges;
}

/** A number between the middles of patches, bilinear; beyond the outer middles it stays. What is masked counts as the least. */
export function sample({ rows, columns, data }: Field, x: number, y: number): number {
  const at = Math.min(Math.max(x - 0.5, 0), columns - 1);
  const down = Math.min(Math.max(y - 0.5, 0), rows - 1);
  const [left, top] = [Math.floor(at), Math.floor(down)];
  const [right, bottom] = [Math.min(left + 1, columns - 1), Math.min(top + 1, rows - 1)];
  const value = (row: number, column: number): number => data[row * columns + column] ?? 0;
  const [across, along] = [at - left, down - top];
  const upper = value(top, left) * (1 - across) + value(top, right) * across;
  const lower = value(bottom, left) * (1 - across) + value(bottom, right) * across;
  return upper * (1 - along) + lower * along;
}

/** Where the smooth picture of a field has a level: marching squares between the middles of patches, out to the grid's edge. */
export function contourOf(field: Field, level: number): Segment[] {
  const stops = (count: number): number[] => [
    0,
    ...Array.from({ length: count }, (_, at) => at + 0.5),
    count,
  ];
  const [xs, ys] = [stops(field.columns), stops(field.rows)];
  const segments: Segment[] = [];
  for (let j = 0; j + 1 < ys.length; j += 1) {
    for (let i = 0; i + 1 < xs.length; i += 1) {
      const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [xs[i], xs[i + 1], ys[j], ys[j + 1]];
      segments.push(...within(field, level, [x0, y0, x1, y1]));
    }
  }
  return segments;
}

function within(field: Field, level: number, [x0, y0, x1, y1]: Segment): Segment[] {
  const corners = [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ] as const;
  const values = corners.map(([x, y]) => sample(field, x, y));
  const crossings: (readonly [number, number])[] = [];
  for (let side = 0; side < 4; side += 1) {
    const [from = 0, to = 0] = [values[side], values[(side + 1) % 4]];
    if (from >= level === to >= level) continue;
    const share = (level - from) / (to - from);
    const [[ax, ay], [bx, by]] = [corners[side] ?? [0, 0], corners[(side + 1) % 4] ?? [0, 0]];
    crossings.push([ax + (bx - ax) * share, ay + (by - ay) * share]);
  }
  const [a, b, c, d] = crossings;
  if (a === undefined || b === undefined) return [];
  if (c === undefined || d === undefined) return [[...a, ...b]];
  // A saddle: its middle says which corners are joined.
  const middle = values.reduce((sum, value) => sum + value, 0) / 4;
  const first = (values[0] ?? 0) >= level;
  return middle >= level === first
    ? [
        [...a, ...b],
        [...c, ...d],
      ]
    : [
        [...d, ...a],
        [...b, ...c],
      ];
}

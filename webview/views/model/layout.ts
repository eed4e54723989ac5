import { Graph, layout } from '@dagrejs/dagre';
import type { LayerPicture } from '../../../src/protocol.js';
import { fieldsOf } from '../../parse.js';

export interface PlacedBox {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly arrows: readonly {
    readonly from: number;
    readonly to: number;
    readonly points: readonly Point[];
  }[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** For the outline of a box that is picked. */
const margin = 3;

/** Places a layer's boxes from top to bottom, in CSS pixels; x and y are their upper left corners. */
export function place(
  { boxes, arrows }: LayerPicture,
  size: { readonly width: number; readonly height: number },
): Placed {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 18, edgesep: 14, ranksep: 22 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of boxes) graph.setNode(String(id), { ...size });
  // What goes on directly is kept straight; a way around attention gives way.
  for (const { from, to } of arrows)
    graph.setEdge(String(from), String(to), { weight: to - from === 1 ? 4 : 1 });
  layout(graph);
  const placed = boxes.map(({ id }) => {
    const node: unknown = graph.node(String(id));
    const { x, y } = isPoint(node) ? node : { x: 0, y: 0 };
    return { id, x: x - size.width / 2, y: y - size.height / 2 + margin, ...size };
  });
  const lines = arrows.map(({ from, to }) => ({
    from,
    to,
    points: pointsOf(graph.edge(String(from), String(to))).map(({ x, y }) => ({ x, y: y + margin })),
  }));
  // A way around may lead further out than any box.
  const xs = [
    ...placed.flatMap(({ x, width }) => [x, x + width]),
    ...lines.flatMap(({ points }) => points.map(({ x }) => x)),
  ];
  const left = Math.min(...xs) - margin;
  return {
    width: Math.max(...xs) + margin - left,
    height: Math.max(...placed.map(({ y, height }) => y + height)) + margin,
    boxes: placed.map((box) => ({ ...box, x: box.x - left })),
    arrows: lines.map((line) => ({ ...line, points: line.points.map(({ x, y }) => ({ x: x - left, y })) })),
  };
}

/** The points of an arrow; the library’s types leave open what it puts there. */
function pointsOf(edge: unknown): readonly Point[] {
  const points = fieldsOf(edge)?.['points'];
  return Array.isArray(points) ? points.filter(isPoint) : [];
}

function isPoint(value: unknown): value is Point {
  const point = fieldsOf(value);
  return point !== null && 'x' in point && 'y' in point;
}

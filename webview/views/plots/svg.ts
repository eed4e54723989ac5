const namespace = 'http://www.w3.org/2000/svg';

type Tag = 'svg' | 'defs' | 'marker' | 'g' | 'path' | 'line' | 'text' | 'rect';

/** Makes an SVG element; its looks come from classes, since a strict content security policy refuses styles. */
export function svg(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Node | string)[]
): SVGElement {
  const element = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A series is told by the shape of its points too, not by colour alone. */
const shapes = [
  'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z',
  'M-3.1 -3.1h6.2v6.2h-6.2z',
  'M0 -4.2l4 7h-8z',
  'M0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z',
  'M0 4.2l-4 -7h8z',
] as const;

/** A series' look: its colour and shape by its place among the measured, its dashes among the expected. */
export interface Look {
  readonly kind: 'measured' | 'expected';
  readonly index: number;
}

function lookClass({ kind, index }: Look): string {
  return `${kind} look-${index % 5}`;
}

export function pathOf(points: readonly (readonly [number, number])[], look: Look): SVGElement {
  const d = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`).join('');
  return svg('path', { class: `plot-line ${lookClass(look)}`, d });
}

export function pointOf(x: number, y: number, look: Look, strong = false): SVGElement {
  const shape = shapes[look.index % shapes.length] ?? shapes[0];
  const scale = strong ? ' scale(1.5)' : '';
  return svg('path', {
    class: `plot-point ${lookClass(look)}`,
    d: shape,
    transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})${scale}`,
  });
}

/** What a series looks like, for its legend. */
export function sampleOf(look: Look): SVGElement {
  const sample = svg('svg', { class: 'plot-sample', width: 28, height: 12, 'aria-hidden': 'true' });
  sample.append(
    pathOf(
      [
        [1, 6],
        [27, 6],
      ],
      look,
    ),
  );
  if (look.kind === 'measured') sample.append(pointOf(14, 6, look));
  return sample;
}

import type { Arithmetic, ArithmeticRequest, InspectionSummary, Place, Slice, Step } from '../protocol.js';
import { axisTitle, longLabel } from './labels.js';
import { placeOf } from './heatmap-figure.js';
import type { SliceSource } from './slices.js';

/** Where numbers are asked for. */
export interface NumberSource extends SliceSource {
  arithmetic(cell: ArithmeticRequest): Promise<Arithmetic>;
}

/** The cell that is explained: a query and a key; where a step has other axes, their first. */
export interface ExplainedCell {
  readonly layer: number;
  readonly head: number;
  readonly query: number;
  readonly key: number;
}

/** More rows and columns of a matrix are not written: dots stand for them. */
const mostSide = 6;

/**
 * The steps of one head as a LaTeX document, each with its formula, the corner of its matrix, and how one of its cells came about, with
 * the numbers that ran. It needs amsmath; other letters than Latin need LuaLaTeX or XeLaTeX.
 * @throws Error where there is no such layer, head, query or key
 */
export async function stepsLatex(
  source: NumberSource,
  summary: InspectionSummary,
  cell: ExplainedCell,
  signal: AbortSignal,
): Promise<string> {
  checkCell(summary, cell);
  const parts: string[] = [];
  for (const [at, step] of summary.steps.entries()) {
    signal.throwIfAborted();
    const place: Place = {
      inspection: summary.id,
      step: step.name,
      layer: cell.layer,
      head: cell.head,
      ...(step.perQuery ? { query: cell.query } : {}),
    };
    const row = indexOn(step.rows, cell);
    const column = indexOn(step.columns, cell);
    const rows = { start: 0, end: Math.min(step.rows.size, mostSide) };
    const columns = { start: 0, end: Math.min(step.columns.size, mostSide) };
    const [slice, arithmetic] = await Promise.all([
      source.slice({ ...place, rows, columns }, signal),
      source.arithmetic({ ...place, row, column }),
    ]);
    parts.push(
      [
        `\\subsection*{${at + 1}. ${inText(step.title)}}`,
        inText(step.note),
        displayed(step.tex),
        `${inText(sizes(step))}:`,
        displayed(`${step.symbol} = ${corner(step, slice)}`),
        displayed(arithmetic.tex),
        ...(arithmetic.remark === undefined ? [] : [inText(arithmetic.remark)]),
      ].join('\n'),
    );
  }
  const [first] = summary.steps;
  const place =
    first === undefined
      ? ''
      : placeOf(
          summary,
          { perHead: true },
          {
            summary,
            layer: cell.layer,
            head: cell.head,
          },
        );
  const of = [place, longLabel(summary, 'query', cell.query), longLabel(summary, 'key', cell.key)];
  return `% made with Attention Inspector
\\documentclass{article}
\\usepackage{iftex}
\\ifPDFTeX\\usepackage[utf8]{inputenc}\\usepackage[T1]{fontenc}\\else\\usepackage{fontspec}\\fi
\\usepackage{amsmath,amssymb}
\\allowdisplaybreaks
\\setlength{\\parindent}{0pt}
\\begin{document}
\\section*{${inText(summary.title)}}
${inText(summary.subtitle)}\\\\
${inText(of.filter((part) => part !== '').join(', '))}

${parts.join('\n\n')}

\\end{document}
`;
}

function checkCell(summary: InspectionSummary, { layer, head, query, key }: ExplainedCell): void {
  const limits = [
    ['layer', layer, summary.layers],
    ['head', head, summary.heads],
    ['query', query, summary.queries.count],
    ['key', key, summary.keys.count],
  ] as const;
  for (const [name, index, count] of limits) {
    if (Number.isInteger(index) && index >= 0 && index < count) continue;
    throw new Error(`There is no ${name} ${index} in “${summary.title}”: they count from 0 to ${count - 1}.`);
  }
}

function indexOn({ axis, size }: Step['rows'], { query, key }: ExplainedCell): number {
  const index = axis === 'query' ? query : axis === 'key' ? key : 0;
  return Math.min(index, size - 1);
}

/** "query 15 × key 15" */
function sizes({ rows, columns }: Step): string {
  return `${axisTitle(rows.axis)} ${rows.size} × ${axisTitle(columns.axis)} ${columns.size}`;
}

/** A formula on lines of its own; long sums break where they may. */
function displayed(tex: string): string {
  return `\\begin{multline*}\n${tex.replaceAll(' = ', ' \\\\ = ').replace(' \\\\ = ', ' = ')}\n\\end{multline*}`;
}

/** The upper left numbers of a matrix, with dots for the rest. */
function corner(step: Step, { data, shape }: Slice): string {
  const [rows = 0, columns = 0] = shape;
  const more = columns < step.columns.size;
  const lines = Array.from({ length: rows }, (_, row) => {
    const cells = Array.from({ length: columns }, (__, column) =>
      numberTex(data[row * columns + column] ?? NaN),
    );
    return [...cells, ...(more ? ['\\cdots'] : [])].join(' & ');
  });
  const below = [...Array.from({ length: columns }, () => '\\vdots'), ...(more ? ['\\ddots'] : [])].join(
    ' & ',
  );
  const all = [...lines, ...(rows < step.rows.size ? [below] : [])];
  return `\\begin{pmatrix}\n${all.join(' \\\\\n')}\n\\end{pmatrix}`;
}

/** Four digits; what is masked is a dot. */
function numberTex(value: number): string {
  if (Number.isNaN(value)) return '\\cdot';
  if (!Number.isFinite(value)) return value < 0 ? '-\\infty' : '\\infty';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [mantissa = '', exponent = '0'] = value.toExponential(2).split('e');
    return `${mantissa} \\cdot 10^{${Number(exponent)}}`;
  }
  return String(Number(value.toPrecision(4)));
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '×': '$\\times$',
  '·': '$\\cdot$',
  '→': '$\\to$',
  '−': '$-$',
  '√': '$\\surd$',
  '∞': '$\\infty$',
  '␣': '\\textvisiblespace{}',
};

/** A text as LaTeX sets it: nothing in it is a command, and no line of it ends a paragraph. */
export function inText(words: string): string {
  return words
    .replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
    .replaceAll(/[\\{}$&#%_^~×·→−√∞␣]/g, (character) => special[character] ?? character);
}

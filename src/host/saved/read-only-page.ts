import { printTheme } from '../../drawing/figure-theme.js';
import { heatmapFigure } from '../../drawing/heatmap-figure.js';
import { matrixScale } from '../../drawing/colors/matrix-scale.js';
import { scaleNotes } from '../../drawing/colors/notes.js';
import { usualChoice } from '../../drawing/colors/choice.js';
import { escaped } from '../../drawing/svg.js';
import type { InspectionSummary, Slice, Step } from '../../protocol.js';
import type { SavedInspection, SeenMatrix } from './saved-inspection.js';

/** What a saved inspection says where it cannot be run: nothing in it runs, and nothing is loaded. */
export interface ReadOnlyPage {
  readonly language: string;
  readonly heading: string;
  /** Why it is not run. */
  readonly reason: string;
  /** What it was of, each with its name. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Undefined where the file could not be read. */
  readonly saved?: SavedInspection;
  /** Of the style sheet alone. */
  readonly nonce: string;
}

/** A page without scripts. */
export function readOnlyPage({ language, heading, reason, facts, saved, nonce }: ReadOnlyPage): string {
  const picture =
    saved?.seen === undefined ? '' : seenFigure(saved, saved.seen).replace(/^<\?xml[^>]*>\s*/, '');
  const policy = `default-src 'none'; img-src data:; style-src 'nonce-${nonce}'`;
  const rows = facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('\n');
  return `<!DOCTYPE html>
<html lang="${escaped(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<title>${escaped(heading)}</title>
<style nonce="${nonce}">
body { font-family: var(--vscode-font-family); color: var(--vscode-foreground); max-width: 60em; margin: 2em auto; padding: 0 1em; line-height: 1.5; }
h1 { font-size: 1.3em; }
.reason { border-left: 3px solid var(--vscode-editorWarning-foreground, #bf8803); padding: 0.4em 0.9em; }
dt { opacity: 0.75; margin-top: 0.6em; }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 14em; overflow: auto; }
svg { max-width: 100%; height: auto; margin-top: 1.5em; }
</style>
</head>
<body>
<h1>${escaped(heading)}</h1>
<p class="reason" role="status">${escaped(reason)}</p>
<dl>
${rows}
</dl>
${picture}
</body>
</html>`;
}

/** The matrix that was looked at, as it was saved. */
export function seenFigure(saved: SavedInspection, seen: SeenMatrix): string {
  const { layer, head } = saved.position;
  const slice = sliceOf(seen);
  const step: Step = { ...seen.step, tex: '', symbol: '', note: '', perQuery: false, phase: 'score' };
  const summary = summaryOf(saved, seen, step);
  const theme = printTheme;
  const { minimum, maximum } = slice;
  const made = matrixScale({
    of: step.scale,
    choice: usualChoice,
    ground: theme.ground,
    overview: slice,
    range: { minimum, maximum },
  });
  return heatmapFigure({
    ...{ summary, step, layer, head, slice, theme },
    scale: made.scale,
    beyond: made.beyond,
    perRow: false,
    notes: scaleNotes(summary, step, made, ''),
    without: made.masked ? 'masked' : null,
    renormalised: null,
  });
}

function sliceOf({ step, data, emptyRows }: SeenMatrix): Slice {
  const finite = data.filter((value) => Number.isFinite(value));
  return {
    revision: 0,
    shape: [step.rows.size, step.columns.size],
    data,
    rows: { start: 0, end: step.rows.size },
    columns: { start: 0, end: step.columns.size },
    emptyRows: Uint32Array.from(emptyRows),
    minimum: finite.length === 0 ? 0 : finite.reduce((a, b) => Math.min(a, b)),
    maximum: finite.length === 0 ? 0 : finite.reduce((a, b) => Math.max(a, b)),
  };
}

function summaryOf(
  { title, subtitle }: SavedInspection,
  { layers, heads, queries, keys }: SeenMatrix,
  step: Step,
): InspectionSummary {
  return {
    ...{ id: '', revision: 0, title, subtitle, layers, heads, queries, keys },
    mechanism: { id: '', title: '' },
    media: [],
    steps: [step],
    parameters: [],
    notices: [],
    continues: false,
    plots: [],
    timing: { forward: 0 },
  };
}

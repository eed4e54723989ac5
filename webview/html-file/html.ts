import { escaped } from '../../src/drawing/svg.js';
import { base64 } from '../../src/drawing/png.js';
import { headPlace, placeNumber } from '../../src/common/counting.js';
import type { FileContents } from './contents.js';
import { style } from './style.js';
import { viewer } from './viewer.js';

/** What is said of a step, beside its numbers. */
export interface StepText {
  readonly title: string;
  readonly note: string;
  /** MathML, made of the formula by the typesetter that the panel uses too. */
  readonly formula: string;
}

/**
 * A page that needs nothing but itself: no network, no other file. Only its own script and style sheet run, told by their hashes; texts are
 * escaped, and data stand in a block that is not run.
 */
export async function htmlFile(contents: FileContents, steps: readonly StepText[]): Promise<string> {
  const script = `(${viewer.toString()})(JSON.parse(document.getElementById("data").textContent));`;
  const policy = [
    "default-src 'none'",
    `script-src '${await hashOf(script)}'`,
    `style-src '${await hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { title, subtitle } = contents;
  const choices = contents.steps
    .map(({ name, title: words }) => `<option value="${escaped(name)}">${escaped(words)}</option>`)
    .join('');
  const described = steps.map(
    ({ title: words, note, formula }, at) =>
      `<li><h3>${at + 1}. ${escaped(words)}</h3><div class="formula">${formula}</div><p class="muted">${escaped(note)}</p></li>`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`${title} · attention`)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escaped(title)}</h1><p class="muted">${escaped(subtitle)}</p></header>
<main>
${headsTable(contents)}
<section class="picture" aria-label="Matrix">
<h2 id="place"></h2>
<label>Matrix <select id="step">${choices}</select></label>
<div class="chart"><div></div><div id="columns" aria-hidden="true"></div><div id="rows" aria-hidden="true"></div><div id="stage" tabindex="0" role="application" aria-roledescription="heatmap" aria-labelledby="place" aria-describedby="readout"><canvas id="matrix"></canvas><div id="marker" hidden></div></div></div>
<div class="legend"><span id="low"></span><canvas id="bar" aria-hidden="true"></canvas><span id="high"></span></div>
<p id="readout" role="status" aria-live="polite"></p>
</section>
</main>
<section aria-label="Steps"><ol class="steps">
${described.join('\n')}
</ol></section>
<footer>made with Attention Inspector. Attention weights are not by themselves an explanation.</footer>
<script type="application/json" id="data">${dataBlock(contents)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function headsTable({ layers, heads, matrices }: FileContents): string {
  const there = new Set(
    matrices.flatMap(({ step, layer, head }) => (step === 'weights' ? [`${layer} ${head}`] : [])),
  );
  if (there.size < 2) return '';
  const numbers = Array.from({ length: heads }, (_, head) => `<th scope="col">${placeNumber(head)}</th>`);
  const rows = Array.from({ length: layers }, (_, layer) => {
    const cells = Array.from({ length: heads }, (__, head) =>
      there.has(`${layer} ${head}`)
        ? `<td><button type="button" data-layer="${layer}" data-head="${head}" aria-label="${escaped(headPlace(layer, head))}" aria-pressed="false"><canvas></canvas></button></td>`
        : '<td></td>',
    );
    return `<tr><th scope="row">${placeNumber(layer)}</th>${cells.join('')}</tr>`;
  });
  return `<section aria-label="Heads"><h2>Heads</h2><table class="heads"><tr><td></td>${numbers.join('')}</tr>${rows.join('')}</table></section>`;
}

/** JSON that ends no element, and begins none, whatever texts are in it. */
function dataBlock(contents: FileContents): string {
  return JSON.stringify(contents)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** As a policy names a script or a style sheet. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `sha256-${base64(new Uint8Array(digest))}`;
}

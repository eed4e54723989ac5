import { env, Uri } from 'vscode';
import type { Webview } from 'vscode';
import { placeNumber } from '../../common/counting.js';
import { usualColors } from '../base/settings.js';

/** Which of the built pages a webview shows. */
export type PageName = 'panel' | 'explore' | 'model';

/** Where the built pages are, and the only place that a webview may load from. */
export function pagesFolder(extension: Uri): Uri {
  return Uri.joinPath(extension, 'dist', 'webview');
}

/**
 * The shell of a webview's page. Only its own script runs, only its own styles and fonts load, and nothing leaves the machine.
 * @param inspection the one that the page shows, to find it again after the window is reloaded
 */
export function pageShell(
  webview: Webview,
  extension: Uri,
  name: PageName,
  title: string,
  inspection?: string,
): string {
  const folder = pagesFolder(extension);
  const script = webview.asWebviewUri(Uri.joinPath(folder, `${name}.js`));
  const style = webview.asWebviewUri(Uri.joinPath(folder, `${name}.css`));
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const policy = [
    `default-src 'none'`,
    `img-src ${webview.cspSource} data:`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
    // What is left out of these is allowed, whatever the default is.
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  const shown = inspection === undefined ? '' : ` data-inspection="${escaped(inspection)}"`;
  const { map, scale } = usualColors();
  const usual = ` data-color-map="${escaped(map)}" data-color-scale="${escaped(scale)}" data-count-from="${placeNumber(0)}"`;
  return `<!DOCTYPE html>
<html lang="${escaped(env.language)}"${shown}${usual}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${escaped(style.toString())}">
</head>
<body>
<script nonce="${nonce}" src="${escaped(script.toString())}"></script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

import type { Ground } from '../src/drawing/colors/maps.js';

/** Colours that a canvas needs; what CSS draws reads VS Code's variables itself. */
export interface Theme {
  readonly dark: boolean;
  readonly highContrast: boolean;
  readonly background: string;
  /** What pictures stand on: the background, as numbers. */
  readonly ground: Ground;
  readonly foreground: string;
  readonly muted: string;
  readonly accent: string;
  readonly line: string;
  /** What is masked, as numbers for a shader: [red, green, blue], 0 to 255. */
  readonly maskedRgb: Rgb;
  readonly hatchRgb: Rgb;
  readonly font: string;
}

export type Rgb = readonly [number, number, number];

const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/** Any CSS colour over an opaque one, as numbers. */
export function toRgb(color: string, over: string): Rgb {
  if (probe === null) return [128, 128, 128];
  for (const fill of [over, color]) {
    probe.fillStyle = fill;
    probe.fillRect(0, 0, 1, 1);
  }
  const [red = 0, green = 0, blue = 0] = probe.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const at = (x: number, y: number): number => Math.round(x + (y - x) * share);
  return [at(a[0], b[0]), at(a[1], b[1]), at(a[2], b[2])];
}

/** Reads the variables that `shell.css` derives from VS Code's. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  const { classList } = document.body;
  const highContrast = classList.contains('vscode-high-contrast');
  const dark = !classList.contains('vscode-light') && !classList.contains('vscode-high-contrast-light');
  const background = read('--ground', dark ? '#1f1f1f' : '#ffffff');
  const foreground = read('--ink', dark ? '#cccccc' : '#3b3b3b');
  const ground = toRgb(background, background);
  const ink = toRgb(foreground, background);
  return {
    dark,
    highContrast,
    background,
    ground: { dark, rgb: ground },
    foreground,
    muted: read('--muted', foreground),
    accent: read('--accent', foreground),
    line: read('--line', foreground),
    maskedRgb: mix(ground, ink, highContrast ? 0 : 0.06),
    hatchRgb: mix(ground, ink, highContrast ? 0.6 : 0.26),
    font: read('--vscode-font-family', 'system-ui, sans-serif'),
  };
}

/** Calls back when VS Code has put on another theme: it changes the body's class and the root's variables. */
export function watchTheme(react: () => void): () => void {
  let waiting = false;
  const observer = new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    // Class and variables change one after the other: read when both have.
    setTimeout(() => {
      waiting = false;
      react();
    });
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  return () => {
    observer.disconnect();
  };
}

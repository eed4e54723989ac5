import type { Ground } from './colors/maps.js';

type Rgb = Ground['rgb'];

/** The colours that a figure is drawn with; each is a CSS colour but for the ground. */
export interface FigureTheme {
  readonly ground: Ground;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly accent: string;
  /** What is masked, and the strokes over it. */
  readonly masked: string;
  readonly hatch: string;
}

/** A theme of other grounds and inks, such as those of the screen. */
export function themeOn(ground: Ground, ink: Rgb, accent: string): FigureTheme {
  const toward = (share: number): string => hexOf(mixed(ground.rgb, ink, share));
  return {
    ground,
    ink: hexOf(ink),
    muted: toward(0.68),
    line: toward(0.3),
    accent,
    masked: toward(0.06),
    hatch: toward(0.26),
  };
}

/** On white paper, whatever theme the screen has. */
export const printTheme = themeOn({ dark: false, rgb: [255, 255, 255] }, [31, 31, 31], '#005fb8');
export const darkTheme = themeOn({ dark: true, rgb: [31, 31, 31] }, [214, 214, 214], '#4daafc');

function mixed(a: Rgb, b: Rgb, share: number): Rgb {
  const at = (x: number, y: number): number => Math.round(x + (y - x) * share);
  return [at(a[0], b[0]), at(a[1], b[1]), at(a[2], b[2])];
}

/** "#1f1f1f" of red, green and blue from 0 to 255. */
export function hexOf([red, green, blue]: Rgb): string {
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

import { reasonOf } from '../src/common/values.js';
import type { FigureTheme } from '../src/drawing/figure-theme.js';
import { printTheme, themeOn } from '../src/drawing/figure-theme.js';
import type { PageMethods, PictureLook, PictureOffer } from '../src/protocol.js';
import { gatheredHtml, planned } from './html-file/gather.js';
import type { Matrices } from './matrices.js';
import type { Panel } from './panel.js';
import { toRgb } from './theme.js';
import type { Theme } from './theme.js';
import type { OpenView } from './views/view.js';

/** A view that is in sight, in the order in which views are offered. */
export interface ShownView {
  readonly id: string;
  readonly title: string;
  readonly open: OpenView;
}

/** No canvas of a browser is larger than this, in pixels. */
const mostPixels = 16_384;
const mostArea = 2 ** 28;

/** Draws what the page shows for files and for the clipboard. */
export class Pictures {
  constructor(
    private readonly panel: Panel,
    private readonly matrices: Matrices,
    private readonly shown: () => readonly ShownView[],
    private readonly theme: () => Theme,
  ) {}

  /** What can be drawn of what is in sight. */
  get offers(): readonly PictureOffer[] {
    return this.shown()
      .filter(({ open }) => open.toSvg !== undefined)
      .map(({ id, title }) => ({ view: id, title }));
  }

  /** What the host asks for. */
  readonly methods = {
    pictures: (): PageMethods['pictures']['result'] => {
      const { summary, store } = this.panel;
      const plan = summary === null ? null : planned(summary, store.get().position);
      return { offers: this.offers, dark: this.theme().dark, html: plan?.offer ?? null };
    },
    html: async (_: null, { signal }: { signal: AbortSignal }): Promise<Uint8Array> => {
      const { panel, matrices } = this;
      const { summary } = panel;
      if (summary === null) throw new Error('Nothing is inspected.');
      const { position, scale } = panel.store.get();
      return new TextEncoder().encode(await gatheredHtml(summary, position, scale, matrices, signal));
    },
    picture: async (
      { format, ...look }: PageMethods['picture']['params'],
      { signal }: { signal: AbortSignal },
    ) => {
      const svg = await this.draw(look, signal);
      if (format === 'svg') return new TextEncoder().encode(svg);
      return new Uint8Array(await (await rasterised(svg, look.scale)).arrayBuffer());
    },
    copyPicture: async (look: PictureLook) => {
      await this.copy(look);
      return null;
    },
  } as const;

  /** Puts a picture on the clipboard. @throws Error where the page has not the focus, or may not */
  async copy(look: PictureLook): Promise<void> {
    // Handed over as a promise: the page may write while the click that asked for it still counts.
    const png = this.draw(look, new AbortController().signal).then((svg) => rasterised(svg, look.scale));
    png.catch(() => undefined);
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
    } catch (error) {
      // What went wrong in drawing is the better reason.
      await png;
      throw new Error(`The picture could not be put on the clipboard: ${reasonOf(error)}`, { cause: error });
    }
  }

  private async draw({ view, theme }: PictureLook, signal: AbortSignal): Promise<string> {
    const found = this.shown().find(({ id }) => id === view);
    if (found?.open.toSvg === undefined) {
      const titles = this.offers.map((offer) => offer.title).join(', ');
      throw new Error(
        `“${view}” cannot be drawn here now; what can is: ${titles === '' ? 'nothing' : titles}.`,
      );
    }
    return found.open.toSvg(theme === 'print' ? printTheme : figureTheme(this.theme()), signal);
  }
}

/** The screen's colours for a figure. */
function figureTheme({ ground, foreground, accent, background }: Theme): FigureTheme {
  return themeOn(ground, toRgb(foreground, background), accent);
}

/** An SVG file as pixels, so many for each of its own. */
async function rasterised(svg: string, scale: number): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  const { width, height } = canvas;
  if (Math.max(width, height) > mostPixels || width * height > mostArea)
    throw new Error(`A picture of ${width} × ${height} pixels is too large: choose a smaller scale, or SVG.`);
  canvas.getContext('2d')?.drawImage(image, 0, 0, width, height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('The browser could not make a PNG of the picture.'));
      else resolve(blob);
    }, 'image/png');
  });
}

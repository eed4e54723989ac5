import type { ImageMedium } from '../../../src/protocol.js';
import { settled } from '../../dom.js';
import type { Panel } from '../../panel.js';
import { bitmapOf } from './painter.js';

/** Pixels of the longer side that are asked for at first, and when the image is looked at closely. */
const firstSide = 1024;
const finestSide = 4096;
/** How long a zoom rests before a finer picture is asked for, in milliseconds. */
const restBeforeFiner = 150;

/** The image itself: asked for once an inspection, and once more in finer resolution where that is looked at. */
export class Original {
  image: HTMLCanvasElement | null = null;
  /** It was asked for, and did not come. */
  isMissing = false;
  private of = '';
  private request: { readonly inspection: string; readonly medium: ImageMedium } | null = null;
  private asking: AbortController | null = null;
  private scale = 0;
  private side = 0;
  private readonly rest = settled(restBeforeFiner, () => {
    if (this.wantsFiner()) void this.ask(finestSide);
  });

  constructor(
    private readonly panel: Panel,
    private readonly events: { come(): void; failed(error: unknown): void },
  ) {}

  show(inspection: string, medium: ImageMedium): void {
    const of = `${inspection} ${medium.id}`;
    if (of === this.of) return;
    this.of = of;
    this.image = null;
    this.isMissing = false;
    this.request = { inspection, medium };
    void this.ask(firstSide);
  }

  /** Tells how many device pixels there are for one of the image. */
  look(scale: number): void {
    this.scale = scale;
    if (this.wantsFiner()) this.rest.ask();
  }

  dispose(): void {
    this.rest.drop();
    this.asking?.abort();
    this.asking = null;
  }

  private wantsFiner(): boolean {
    const { request, image, scale, side } = this;
    if (request === null || image === null || side >= finestSide) return false;
    const { width, height } = request.medium;
    return image.width < width && scale * Math.max(width, height) > 1.1 * Math.max(image.width, image.height);
  }

  private async ask(most: number): Promise<void> {
    const { request } = this;
    if (request === null) return;
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.side = most;
    const { inspection, medium } = request;
    const side = Math.max(1, Math.min(most, Math.max(medium.width, medium.height)));
    try {
      const preview = await this.panel.channel.request(
        'preview',
        { inspection, medium: medium.id, side },
        { signal: asking.signal },
      );
      if (this.asking !== asking) return;
      this.image = bitmapOf(preview);
      this.events.come();
    } catch (error) {
      if (this.asking !== asking) return;
      // Asked for anew the next time that it is to be shown.
      this.isMissing = this.image === null;
      if (this.isMissing) this.of = '';
      this.events.failed(error);
    }
  }
}

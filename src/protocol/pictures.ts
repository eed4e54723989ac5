/** Something that a page can draw for a file. */
export interface PictureOffer {
  /** The view's id. */
  readonly view: string;
  /** "Heatmap" */
  readonly title: string;
}

/** How a picture is drawn. */
export interface PictureLook {
  readonly view: string;
  /** On white, or as on the screen. */
  readonly theme: 'print' | 'screen';
  /** Pixels of a PNG for each pixel of the drawing, 1 to 4; an SVG has none. */
  readonly scale: number;
}

/** How large a self-contained page would be, about, and which heads it would hold. */
export interface HtmlOffer {
  readonly bytes: number;
  readonly scope: 'all' | 'layer' | 'head';
}

/** What a panel's page answers to the host. */
export type PageMethods = {
  /** What it shows that can be drawn, what is in the middle first. */
  pictures: {
    params: null;
    result: {
      readonly offers: readonly PictureOffer[];
      /** Whether its theme is a dark one. */
      readonly dark: boolean;
      /** A page of its own, with all that is looked through; null where there is nothing to put into one. */
      readonly html: HtmlOffer | null;
    };
  };
  /** A page that needs nothing but itself, as a file. */
  html: { params: null; result: Uint8Array };
  /** A picture as a file. */
  picture: { params: PictureLook & { readonly format: 'svg' | 'png' }; result: Uint8Array };
  /** Puts a picture on the clipboard; the page has to have the focus. */
  copyPicture: { params: PictureLook; result: null };
};

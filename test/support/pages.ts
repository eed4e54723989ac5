import type { Handlers } from '../../src/channel.js';
import type { PageMethods } from '../../src/protocol.js';

/** What a page without anything to draw answers. */
export const noPictures: Handlers<PageMethods> = {
  pictures: () => ({ offers: [], dark: false, html: null }),
  html: () => Promise.reject(new Error('There is nothing to show.')),
  picture: () => Promise.reject(new Error('There is nothing to draw.')),
  copyPicture: () => Promise.reject(new Error('There is nothing to draw.')),
};

import type { Preview } from '../../protocol.js';
import type { Subject } from '../core/subject.js';

/** Pixels of a preview's longer side. */
const most = 4096;

/** An image that was brought, its longer side at most so many pixels. @throws Error where there is no such image, RangeError for a side that is none */
export function previewOf(
  { pictures, title }: Subject,
  { medium, side }: { readonly medium: string; readonly side: number },
): Preview {
  const picture = pictures?.get(medium);
  if (picture === undefined) throw new Error(`${title} has no image “${medium}”.`);
  if (!(side >= 1 && side <= most)) {
    throw new RangeError(`A preview is 1 to ${most} pixels wide or high, not ${side}.`);
  }
  return picture.preview(Math.floor(side));
}

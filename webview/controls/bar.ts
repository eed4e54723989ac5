import { h } from '../dom.js';

/** A bar that is filled by a share of 1; the number itself stands beside it. */
export function bar(share: number): HTMLElement {
  const fill = h('span', { class: 'bar-fill' });
  fill.style.width = `${Math.min(1, Math.max(0, share)) * 100}%`;
  return h('span', { class: 'bar', attributes: { 'aria-hidden': 'true' } }, fill);
}

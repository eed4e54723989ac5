import './notices.css';
import { h } from '../../dom.js';
import { isContinuation } from '../../../src/common/strings.js';
import type { Panel } from '../../panel.js';

/** Sentences about the inspection that are worth a line of their own. */
export function noticesView(panel: Panel): HTMLElement {
  const element = h('ul', { class: 'notices', attributes: { 'aria-label': 'Notices' } });
  panel.store.watch(
    ({ content }) => content,
    (content) => {
      const notices = content.kind === 'inspection' ? content.summary.notices : [];
      element.hidden = notices.length === 0;
      element.replaceChildren(
        ...notices.map((text) => h('li', { text, class: isContinuation(text) ? 'plain' : '' })),
      );
    },
  );
  return element;
}

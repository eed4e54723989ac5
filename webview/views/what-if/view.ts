import { h } from '../../dom.js';
import { isOfRun, ParametersView } from '../parameters/parameters.js';
import type { RegisteredView } from '../view.js';

const title = 'What if';

/** The parameters of what is inspected: what is changed here runs again. */
export const whatIfView: RegisteredView = {
  id: 'what-if',
  title,
  place: 'left',
  offered: ({ parameters }) => parameters.some(isOfRun),
  open: ({ panel, reportError }) => {
    const parameters = new ParametersView((values) => {
      panel.channel.request('change', { parameters: values }).catch(reportError);
    });
    const stop = panel.store.follow(
      ({ content }) => (content.kind === 'inspection' ? content.summary : null),
      (summary) => {
        if (summary !== null) parameters.show(summary.parameters.filter(isOfRun));
      },
    );
    return {
      element: h(
        'section',
        { class: 'section' },
        h('h2', { class: 'section-title', text: title }),
        parameters.element,
      ),
      dispose: stop,
    };
  },
};

import './axes.css';
import type { InspectionSummary, ParameterValues, TensorAxes } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { isOfRun, ParametersView } from '../parameters/parameters.js';
import type { RegisteredView } from '../view.js';
import { axesStrings } from './strings.js';

/** What each axis of the given tensors was taken for and why, and the controls that change it. */
export const axesView: RegisteredView = {
  id: 'axes',
  title: axesStrings.title,
  place: 'left',
  offered: ({ axes = [] }) => axes.length > 0,
  open: ({ panel, reportError }) => {
    const list = h('ul', { class: 'axes-list', attributes: { 'aria-label': axesStrings.list } });
    const controls = new ParametersView(
      (values) => {
        const parameters = withFirstEntries(values, panel.summary);
        panel.channel.request('change', { parameters }).catch(reportError);
      },
      { resetAll: false },
    );
    const stop = panel.store.follow(
      ({ content }) => (content.kind === 'inspection' ? content.summary : null),
      (summary) => {
        if (summary === null) return;
        list.replaceChildren(...(summary.axes ?? []).map(rowOf));
        controls.show(summary.parameters.filter((parameter) => !isOfRun(parameter)));
      },
    );
    return {
      element: h(
        'section',
        { class: 'section axes' },
        h('h2', { class: 'section-title', text: axesStrings.title }),
        list,
        controls.element,
      ),
      dispose: stop,
    };
  },
};

/** Where axes are taken for something else, a batch has other entries: its first is shown. */
function withFirstEntries(values: ParameterValues, summary: InspectionSummary | null): ParameterValues {
  if (!Object.keys(values).some((name) => name.endsWith('Axes'))) return values;
  const entries = (summary?.parameters ?? []).filter(
    ({ name, part }) => part === 'axes' && name.startsWith('entry'),
  );
  return { ...Object.fromEntries(entries.map(({ name }) => [name, 0])), ...values };
}

function rowOf(tensor: TensorAxes): HTMLElement {
  const { shape, axes, reason } = tensor;
  return h(
    'li',
    { class: 'axes-tensor' },
    h(
      'div',
      { class: 'axes-head' },
      h('span', { class: 'axes-name', text: axesStrings.nameOf(tensor) }),
      h('span', { class: 'muted number', text: axesStrings.shape(shape) }),
    ),
    h(
      'div',
      { class: 'axes-parts' },
      ...axes.map((axis, at) => h('span', { class: 'axes-part', text: `${axis} ${shape[at] ?? ''}` })),
    ),
    h('div', { class: 'muted', text: reason }),
  );
}

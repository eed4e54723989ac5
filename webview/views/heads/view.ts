import { h } from '../../dom.js';
import { fieldsOf } from '../../parse.js';
import { defineView } from '../view.js';
import { HeadsView } from './heads.js';
import { HeadTypesView } from './head-types.js';

interface HeadsMemory {
  /** Whether heads are labelled by what they do. */
  readonly labelled: boolean;
  /** Whether all heads' pictures have one scale; else each ends at its own largest. */
  readonly oneScale: boolean;
}

export const headsView = defineView<HeadsMemory>({
  id: 'heads',
  title: 'Heads',
  place: 'left',
  above: true,
  recall: (remembered) => {
    const fields = fieldsOf(remembered);
    return { labelled: fields?.['labelled'] === true, oneScale: fields?.['oneScale'] === true };
  },
  open: (context, recalled) => {
    const box = h('input', { attributes: { type: 'checkbox' } });
    box.checked = recalled?.oneScale ?? false;
    const heads = new HeadsView(context.panel, context.theme, box.checked);
    box.addEventListener('change', () => {
      heads.rescale(box.checked);
      context.changed();
    });
    const scale = h(
      'label',
      {
        class: 'heads-switch',
        title:
          'On: colours are comparable between heads. Off: each head’s colours end at its own largest weights.',
      },
      box,
      'One scale for all',
    );
    const headTypes = new HeadTypesView(context, recalled?.labelled ?? false, {
      signs: (sign) => {
        heads.label(sign);
      },
      room: (room) => {
        heads.keepRoom(room);
      },
    });
    return {
      element: h(
        'section',
        { class: 'section' },
        h('h2', { class: 'section-title', text: 'Heads' }),
        h('div', { class: 'heads-switches' }, scale, headTypes.element),
        heads.element,
        headTypes.legend,
      ),
      retheme: (theme) => {
        heads.retheme(theme);
      },
      remember: (): HeadsMemory => ({ labelled: headTypes.labelled, oneScale: box.checked }),
      dispose: () => {
        heads.dispose();
        headTypes.dispose();
      },
    };
  },
});

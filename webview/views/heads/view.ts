import { h } from '../../dom.js';
import { fieldsOf } from '../../parse.js';
import { defineView } from '../view.js';
import { HeadsView } from './heads.js';
import { HeadTypesView } from './head-types.js';

interface HeadsMemory {
  /** Whether heads are labelled by what they do. */
  readonly labelled: boolean;
}

export const headsView = defineView<HeadsMemory>({
  id: 'heads',
  title: 'Heads',
  place: 'left',
  recall: (remembered) => ({ labelled: fieldsOf(remembered)?.['labelled'] === true }),
  open: (context, recalled) => {
    const heads = new HeadsView(context.panel, context.theme);
    const headTypes = new HeadTypesView(context, recalled?.labelled ?? false, (sign) => {
      heads.label(sign);
    });
    return {
      element: h(
        'section',
        { class: 'section' },
        h('h2', { class: 'section-title', text: 'Heads' }),
        headTypes.element,
        heads.element,
      ),
      retheme: (theme) => {
        heads.retheme(theme);
      },
      remember: (): HeadsMemory => ({ labelled: headTypes.labelled }),
      dispose: () => {
        heads.dispose();
        headTypes.dispose();
      },
    };
  },
});

import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import type { Pictures } from '../../pictures.js';
import type { MenuItem } from '../../controls/ui.js';

export const exportStrings = {
  title: 'Export…',
  copy: (title: string): string => `Copy ${title.toLowerCase()} as picture`,
  save: (title: string): string => `Save ${title.toLowerCase()} as picture…`,
  formats: 'SVG, PNG',
  more: 'Numbers, code and more…',
} as const;

/** A picture for the clipboard has two pixels for each of the drawing. */
const copied = { theme: 'print', scale: 2 } as const;

/** What is in sight as pictures, and the way to everything else that can be taken away. */
export function exportItems(panel: Panel, pictures: Pictures): readonly MenuItem[] {
  // The host asks the rest and where to, and tells of failures itself.
  const ask = (picture: string | null): void => {
    const asked = panel.channel.request('export', picture === null ? null : { picture });
    asked.catch(() => undefined);
  };
  const { offers } = pictures;
  const [first] = offers;
  return [
    ...(first === undefined
      ? []
      : [
          {
            text: exportStrings.copy(first.title),
            press: () => {
              const tell = (problem: string | null): void => {
                panel.channel.notify('copiedPicture', { ...first, problem });
              };
              pictures.copy({ view: first.view, ...copied }).then(
                () => {
                  tell(null);
                },
                (error: unknown) => {
                  tell(reasonOf(error));
                },
              );
            },
          },
        ]),
    ...offers.map(({ view, title }) => ({
      text: exportStrings.save(title),
      detail: exportStrings.formats,
      press: () => {
        ask(view);
      },
    })),
    {
      text: exportStrings.more,
      press: () => {
        ask(null);
      },
    },
  ];
}

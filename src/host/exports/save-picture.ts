import { posix } from 'node:path';
import { l10n, Uri, window, workspace } from 'vscode';
import type { QuickPickItem } from 'vscode';
import type { PageMethods, PictureLook, PictureOffer } from '../../protocol.js';
import { withProgress } from '../base/progress.js';
import { reasonOf } from '../../common/values.js';

/** The page that draws pictures. */
export interface PictureSource {
  pictures(): Promise<PageMethods['pictures']['result']>;
  picture(request: PageMethods['picture']['params']): Promise<Uint8Array>;
  copyPicture(look: PictureLook, title: string): Promise<void>;
  html(): Promise<Uint8Array>;
}

/** What a keybinding may set beforehand; the rest is asked. */
export interface GivenPicture {
  readonly format?: 'svg' | 'png' | 'clipboard';
  readonly scale?: number;
  readonly theme?: PictureLook['theme'];
}

interface Format {
  readonly format: 'svg' | 'png' | 'clipboard';
  readonly scale: number;
}

/** Between one list and the next the panel takes the focus back: a list that gave way to that would vanish. Escape closes it. */
export const staysOpen = { ignoreFocusOut: true } as const;

/** Asks in which form a picture is taken away and where to, and saves it, or copies it. */
export async function takePicture(
  source: PictureSource,
  offer: PictureOffer,
  dark: boolean,
  given: GivenPicture,
  nameFor: (extension: string) => string,
): Promise<void> {
  const chosen = await pickFormat(offer, given);
  if (chosen === undefined) return;
  const theme = given.theme ?? (dark ? await pickTheme() : 'print');
  if (theme === undefined) return;
  const { format, scale } = chosen;
  const look = { view: offer.view, theme, scale };
  if (format === 'clipboard') {
    await copy(source, offer, look, nameFor);
    return;
  }
  await save(source, { ...look, format }, nameFor(format));
}

/** Where the clipboard is not to be had, a file is. */
async function copy(
  source: PictureSource,
  { title }: PictureOffer,
  look: PictureLook,
  nameFor: (extension: string) => string,
): Promise<void> {
  try {
    await source.copyPicture(look, title);
  } catch (error) {
    const saveInstead = l10n.t('Save to a File…');
    if ((await window.showWarningMessage(reasonOf(error), saveInstead)) === saveInstead)
      await save(source, { ...look, format: 'png' }, nameFor('png'));
  }
}

async function save(
  source: PictureSource,
  request: PageMethods['picture']['params'],
  name: string,
): Promise<void> {
  const { format } = request;
  await write(name, () => source.picture(request), format.toUpperCase(), format);
}

/** Saves a page that needs nothing but itself. */
export async function savePage(source: PictureSource, name: string): Promise<void> {
  await write(name, () => source.html(), l10n.t('Web page'), 'html');
}

async function write(
  name: string,
  draw: () => Promise<Uint8Array>,
  kind: string,
  extension: string,
): Promise<void> {
  // Drawn before a place is asked for: what cannot be drawn needs none.
  const bytes = await withProgress(l10n.t('Drawing {0}', name), draw);
  const place = await askPlace(name, kind, [extension]);
  if (place === undefined) return;
  await workspace.fs.writeFile(place, bytes);
  window.setStatusBarMessage(l10n.t('$(check) Exported {0}', posix.basename(place.path)), 4000);
}

/** Where a file of a name is to be saved. */
export function askPlace(
  name: string,
  kind: string,
  extensions: readonly string[],
): Thenable<Uri | undefined> {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  return window.showSaveDialog({
    title: l10n.t('Export'),
    saveLabel: l10n.t('Export'),
    filters: { [kind]: [...extensions] },
    ...(folder === undefined ? {} : { defaultUri: Uri.joinPath(folder, name) }),
  });
}

async function pickFormat(
  { title }: PictureOffer,
  { format, scale }: GivenPicture,
): Promise<Format | undefined> {
  if (format !== undefined) return { format, scale: scale ?? 2 };
  type Item = QuickPickItem & Format;
  const png = (factor: number, detail: string): Item => ({
    label: l10n.t('PNG {0}×', factor),
    detail,
    format: 'png',
    scale: factor,
  });
  const items: Item[] = [
    {
      label: 'SVG',
      detail: l10n.t('Text stays text, cells are shapes with their numbers'),
      format: 'svg',
      scale: 1,
    },
    png(2, l10n.t('For screens of high resolution')),
    png(1, l10n.t('A pixel for each of the drawing')),
    png(3, l10n.t('For slides')),
    png(4, l10n.t('For print')),
    { label: l10n.t('Copy to the clipboard'), detail: l10n.t('As PNG, 2×'), format: 'clipboard', scale: 2 },
  ];
  return window.showQuickPick(items, { title: l10n.t('{0} as…', title), ...staysOpen });
}

async function pickTheme(): Promise<PictureLook['theme'] | undefined> {
  const items: (QuickPickItem & { readonly theme: PictureLook['theme'] })[] = [
    { label: l10n.t('On white'), detail: l10n.t('For papers and print'), theme: 'print' },
    { label: l10n.t('As on the screen'), detail: l10n.t('With the colours of the theme'), theme: 'screen' },
  ];
  const chosen = await window.showQuickPick(items, { title: l10n.t('In which colours?'), ...staysOpen });
  return chosen?.theme;
}

import { extname } from 'node:path/posix';
import { l10n, workspace } from 'vscode';
import type { Uri } from 'vscode';
import { audioEndings } from '../../file-types.js';
import { InspectMedium } from './inspect-medium.js';
import type { NamedText } from './inspect-medium.js';

/** In bytes: an hour of speech has some 60 kB. */
const largestTranscript = 2 ** 20;

/** *Attention: Inspect Audio*. What is said may be selected beside it, or stand in a file of its name. */
export class InspectAudio extends InspectMedium {
  protected readonly kind = 'audio';
  protected readonly endings = audioEndings;
  protected readonly strings = {
    saidOfIt: l10n.t('What is said in the recording'),
    writes: (model: string) => l10n.t('{0} writes what it hears', model),
    reads: (model: string) => l10n.t('{0} aligns a transcript', model),
    notThis: (name: string) =>
      l10n.t('{0} is no image or recording: from outside VS Code only those can be dropped here.', name),
    dialog: { title: l10n.t('Select a recording'), kind: l10n.t('Recordings') },
  };

  protected textNamedLike(uri: Uri): Promise<NamedText | undefined> {
    return transcriptOf(uri);
  }
}

/** `NAME.txt` beside `NAME.wav`. */
async function transcriptOf(uri: Uri): Promise<NamedText | undefined> {
  const ending = extname(uri.path);
  const beside = uri.with({ path: `${uri.path.slice(0, uri.path.length - ending.length)}.txt` });
  const stat = await workspace.fs.stat(beside).then(undefined, () => undefined);
  if (stat === undefined || stat.size > largestTranscript) return undefined;
  const document = await workspace.openTextDocument(beside).then(undefined, () => undefined);
  const text = document?.getText() ?? '';
  if (document === undefined || text.trim() === '') return undefined;
  const from = document.uri.path.slice(document.uri.path.lastIndexOf('/') + 1);
  return { from, text: { texts: [text], origin: { document: document.uri.toString(), starts: [0] } } };
}

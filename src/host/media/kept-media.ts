import { createHash } from 'node:crypto';
import { FileType, l10n, Uri, workspace } from 'vscode';

/** What is kept is what was inspected last. */
const mostKept = 50;
const mostBytes = 2 ** 28;

const images: readonly (readonly [string, string])[] = [
  ['image/png', '.png'],
  ['image/jpeg', '.jpg'],
  ['image/gif', '.gif'],
  ['image/bmp', '.bmp'],
  ['image/webp', '.webp'],
  ['image/tiff', '.tiff'],
];

const recordings: readonly (readonly [string, string])[] = [
  ['audio/wav', '.wav'],
  ['audio/x-wav', '.wav'],
  ['audio/vnd.wave', '.wav'],
  ['audio/flac', '.flac'],
  ['audio/x-flac', '.flac'],
  ['audio/ogg', '.ogg'],
  ['audio/opus', '.opus'],
  ['audio/mpeg', '.mp3'],
];

const endings: ReadonlyMap<string, string> = new Map([...images, ...recordings]);

/** The kinds of images that are read. */
export const imageTypes: readonly string[] = images.map(([type]) => type);

/** Images and recordings that no file holds, such as a notebook's output: each is written to a file of our own, under the hash of its bytes. */
export class KeptMedia {
  constructor(private readonly folder: Uri) {}

  /** @throws Error with a sentence for people where it is nothing that is read, or the disk refuses */
  async keep(type: string, bytes: Uint8Array): Promise<Uri> {
    const ending = endings.get(type.toLowerCase());
    if (ending === undefined) throw new Error(l10n.t('Files of the type {0} are not read.', type));
    if (bytes.length > mostBytes) {
      throw new Error(
        l10n.t(
          'The file has {0} MB; up to {1} are read.',
          Math.ceil(bytes.length / 2 ** 20),
          mostBytes / 2 ** 20,
        ),
      );
    }
    const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16) + ending;
    const uri = Uri.joinPath(this.folder, name);
    await workspace.fs.createDirectory(this.folder);
    await workspace.fs.writeFile(uri, bytes);
    await this.prune();
    return uri;
  }

  /** The image in a `data:` address. @throws Error with a sentence for people */
  keepData(address: string): Promise<Uri> {
    const found = /^data:([\w./+-]{1,100});base64,/i.exec(address);
    if (found === null) throw new Error(l10n.t('The image in this link is not written as base64.'));
    const [head, type = ''] = found;
    return this.keep(type, Buffer.from(address.slice(head.length), 'base64'));
  }

  private async prune(): Promise<void> {
    const names = (await workspace.fs.readDirectory(this.folder)).flatMap(([name, type]) =>
      type === FileType.File ? [name] : [],
    );
    if (names.length <= mostKept) return;
    const dated = await Promise.all(
      names.map(async (name) => {
        const uri = Uri.joinPath(this.folder, name);
        return { uri, written: (await workspace.fs.stat(uri)).mtime };
      }),
    );
    const old = dated.toSorted((a, b) => b.written - a.written).slice(mostKept);
    await Promise.all(old.map(({ uri }) => workspace.fs.delete(uri)));
  }
}

import type { Dropped } from '../src/protocol.js';

/** Where VS Code puts the addresses of what is dragged from its explorer, the fullest first. */
const addressTypes = ['application/vnd.code.uri-list', 'text/uri-list'];

/** In bytes. Larger ones are not sent: they would be copied twice on their way. */
const largest = 2 ** 26;

/**
 * Takes what is dragged onto the page: files of the explorer (VS Code lets a webview have them while Shift is held), or one file
 * from elsewhere. One drop is told at a time.
 */
export function takeDrops(take: (dropped: Dropped) => void): void {
  window.addEventListener('dragover', (event) => {
    const { dataTransfer: data } = event;
    if (data === null || !isTaken(data)) return;
    event.preventDefault();
    data.dropEffect = 'copy';
  });
  window.addEventListener('drop', (event) => {
    const { dataTransfer: data } = event;
    if (data === null || !isTaken(data)) return;
    event.preventDefault();
    const uris = addressesIn(data);
    const [file] = data.files;
    if (uris.length > 0) take({ kind: 'files', uris });
    else if (file !== undefined) void readFile(file).then(take);
  });
}

async function readFile(file: File): Promise<Dropped> {
  const { name, type, size } = file;
  const buffer = size > largest ? null : await file.arrayBuffer().catch(() => null);
  return { kind: 'bytes', name, type, bytes: buffer === null ? null : new Uint8Array(buffer) };
}

function isTaken({ types }: DataTransfer): boolean {
  return types.includes('Files') || addressTypes.some((type) => types.includes(type));
}

/** Lines of a list; those that begin with # are remarks (RFC 2483). */
function addressesIn(data: DataTransfer): string[] {
  for (const type of addressTypes) {
    const uris = data
      .getData(type)
      .split(/\r?\n/)
      .filter((line) => line !== '' && !line.startsWith('#'));
    if (uris.length > 0) return uris;
  }
  return [];
}

/** Paths as a platform writes them. */
export interface Paths {
  /** Between the parts of a path: "/" or "\". */
  readonly separator: string;
  basename(path: string): string;
  dirname(path: string): string;
  join(...parts: readonly string[]): string;
  /** Without "." and "..", as far as that goes, and with one separator at a time. */
  normalize(path: string): string;
  isAbsolute(path: string): boolean;
  /** Normalised and absolute. */
  resolve(path: string): string;
}

/** Paths with "/" between their parts; what is not absolute stands below the root. */
export const posixPaths: Paths = {
  separator: '/',
  basename: (path) => trimmed(path).split('/').at(-1) ?? '',
  dirname(path) {
    const whole = trimmed(path);
    const end = whole.lastIndexOf('/');
    if (end < 0) return path.startsWith('/') ? '/' : '.';
    return trimmed(whole.slice(0, end)) || '/';
  },
  join: (...parts) => normalize(parts.filter((part) => part !== '').join('/')),
  normalize,
  isAbsolute: (path) => path.startsWith('/'),
  resolve: (path) => trimmed(normalize(`/${path}`)) || '/',
};

function normalize(path: string): string {
  const isAbsolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!isAbsolute) parts.push(part);
  }
  const end = path.endsWith('/') && parts.length > 0 ? '/' : '';
  const whole = (isAbsolute ? '/' : '') + parts.join('/') + end;
  return whole === '' ? '.' : whole;
}

/** Without separators at its end. */
function trimmed(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** "1 layer", "12 layers" */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first words of a text, on one line. */
export function shortened(text: string, longest = 40): string {
  const line = text
    .slice(0, 4 * longest)
    .trim()
    .replaceAll(/\s+/gu, ' ');
  const points = [...line];
  return points.length <= longest ? line : `${points.slice(0, longest - 1).join('')}…`;
}

const continuation = 'Continuation: ';

/** The notice of what a model wrote. */
export function continuationNotice(text: string): string {
  return `${continuation}“${shortened(text, 600)}”`;
}

/** True of a notice that says what a model wrote: no warning. */
export function isContinuation(notice: string): boolean {
  return notice.startsWith(continuation);
}

/** A part of an address with its %-escapes read; as it is where they are none. */
export function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

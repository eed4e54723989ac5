/** The first words of a text, on one line. */
export function shortened(text: string, longest = 40): string {
  const plain = text
    .slice(0, 4 * longest)
    .trim()
    .replaceAll(/\s+/gu, ' ');
  const points = [...plain];
  return points.length <= longest ? plain : `${points.slice(0, longest - 1).join('')}…`;
}

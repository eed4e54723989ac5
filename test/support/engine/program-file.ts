/** Where a case's program is kept: "d_k-of-64.numpy.py". */
export function programFile(name: string, language: 'numpy' | 'pytorch'): string {
  return `${name.replaceAll(/[^\w.]+/g, '-')}.${language}.py`;
}

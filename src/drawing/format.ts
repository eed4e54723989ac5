const minus = '−';
const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function superscript(whole: number): string {
  const digits = [...String(Math.abs(whole))].map((digit) => superscripts[Number(digit)] ?? '').join('');
  return whole < 0 ? `⁻${digits}` : digits;
}

/**
 * A number for reading: three decimals at ordinary magnitudes, powers of ten for the tiny and the huge, a true minus sign.
 * What is masked (NaN) says so.
 */
export function formatNumber(value: number, decimals = 3): string {
  if (Number.isNaN(value)) return 'masked';
  if (value === Infinity) return '∞';
  if (value === -Infinity) return `${minus}∞`;
  const size = Math.abs(value);
  const sign = value < 0 ? minus : '';
  if (size === 0) return '0';
  if (size < 10 ** -decimals || size >= 1e6) {
    const [mantissa = '', exponent = '0'] = size.toExponential(2).split('e');
    return `${sign}${mantissa}×10${superscript(Number(exponent))}`;
  }
  return sign + size.toFixed(decimals);
}

/** For the ends of a legend and the values of metrics: as few digits as tell. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 1e6)) return formatNumber(value, 2);
  const text = size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size.toFixed(2);
  return (value < 0 ? minus : '') + (value === 0 ? '0' : text);
}

/** For a cell of a matrix: two digits after the point, and never a zero that is none. */
export function formatCell(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? minus : '';
  if (size === 0) return '0';
  if (size < 0.005) return value < 0 ? '>−.01' : '<.01';
  if (size >= 1e5) return formatNumber(value, 0);
  return sign + (size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size.toFixed(2));
}

/** "0.4 ms", "38 ms", "1.2 s" */
export function formatDuration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds >= 10 ? milliseconds.toFixed(0) : milliseconds.toFixed(1)} ms`;
}

/** "(15, 32)" */
export function formatShape(rows: number, columns: number): string {
  return `(${rows}, ${columns})`;
}

/** "62.4 %" */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}

import { formatNumber } from '../../../src/drawing/format.js';

/** Powers of ten from here to there are written out; beyond, all of an axis's are written as powers. */
const writtenOut = { from: -3, to: 5 };

export interface Tick {
  readonly value: number;
  /** Empty for a tick that only divides. */
  readonly text: string;
}

/** Where numbers lie along an axis, from 0 to 1. */
export interface Scale {
  /** NaN for what has no place: NaN itself, and on a logarithmic axis what is not above 0. */
  place(value: number): number;
  readonly ticks: readonly Tick[];
}

/** An axis that holds all the finite numbers (those above 0, where it is logarithmic), with about `wanted` labels. */
export function axisScale(values: readonly number[], logarithmic: boolean, wanted: number): Scale {
  return logarithmic ? logarithmicScale(values, wanted) : linearScale(values, wanted);
}

function linearScale(values: readonly number[], wanted: number): Scale {
  const finite = values.filter(Number.isFinite);
  let low = finite.length === 0 ? 0 : Math.min(...finite);
  let high = finite.length === 0 ? 1 : Math.max(...finite);
  // What is nearly all of the way from 0 is seen from 0.
  if (low > 0 && low < 0.4 * high) low = 0;
  if (low === high) {
    const reach = Math.abs(low) || 1;
    low -= reach / 2;
    high += reach / 2;
  }
  const step = roundStep((high - low) / Math.max(1, wanted));
  const from = Math.floor(low / step + 1e-9);
  const to = Math.ceil(high / step - 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = Array.from({ length: to - from + 1 }, (_, at): Tick => {
    const value = (from + at) * step;
    return { value, text: shortTick(value, decimals) };
  });
  return { place: (value) => (value / step - from) / (to - from), ticks };
}

function shortTick(value: number, decimals: number): string {
  const size = Math.abs(value);
  if (size < 1e-12) return '0';
  if (decimals > 4 || size >= 1e6) return formatNumber(value);
  return (value < 0 ? '−' : '') + size.toFixed(decimals);
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const share = least / power;
  return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

function logarithmicScale(values: readonly number[], wanted: number): Scale {
  const positive = values.filter((value) => Number.isFinite(value) && value > 0);
  let low = positive.length === 0 ? 0 : Math.log10(Math.min(...positive));
  let high = positive.length === 0 ? 1 : Math.log10(Math.max(...positive));
  if (high - low < 1e-9) {
    low -= 0.5;
    high += 0.5;
  }
  const powers = Math.floor(high + 1e-9) - Math.ceil(low - 1e-9) + 1;
  // Over few decades 2 and 5 have labels too; over many only every so manyth power of ten has one.
  const every = Math.max(1, Math.ceil(powers / Math.max(1, wanted + 1)));
  const between = (high - low) * 3 <= wanted + 2;
  const plain = low >= writtenOut.from - 1e-9 && high <= writtenOut.to + 1e-9;
  const ticks: Tick[] = [];
  const hair = (high - low) * 1e-9;
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const digit of [1, 2, 5]) {
      const at = power + Math.log10(digit);
      if (at < low - hair || at > high + hair) continue;
      const named = digit === 1 ? power % every === 0 : between;
      const value = Number(`${digit}e${power}`);
      if (every === 1 || digit === 1)
        ticks.push({ value, text: named ? powerText(digit, power, plain) : '' });
    }
  }
  return {
    place: (value) => (value > 0 ? (Math.log10(value) - low) / (high - low) : NaN),
    ticks,
  };
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function powerText(digit: number, power: number, plain: boolean): string {
  if (plain || (power === 0 && digit === 1)) return String(Number(`${digit}e${power}`));
  const raised = [...String(Math.abs(power))].map((each) => superscripts[Number(each)] ?? '').join('');
  return `${digit === 1 ? '' : `${digit}·`}10${power < 0 ? '⁻' : ''}${raised}`;
}

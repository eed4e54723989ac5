import type { ParameterValues } from './parameters.js';

/** What each value of `mask` sets. A mask that is named is added to those that are given as tensors; “none” turns all off. */
const shorthand: Readonly<Record<string, ParameterValues>> = {
  none: {
    ...{ causal: 'off', prefix: 0, windowLeft: -1, windowRight: -1 },
    ...{ lengths: 'off', padding: 'off', givenMask: 'off', keepMask: 'off' },
  },
  causal: { causal: 'on', prefix: 0, windowLeft: -1, windowRight: -1 },
  'sliding-window': { causal: 'off', windowLeft: 4, windowRight: 4 },
  prefix: { causal: 'on', prefix: 1, windowLeft: -1, windowRight: -1 },
  padding: {},
  matrix: {},
};

const masks = new Set(Object.values(shorthand).flatMap((each) => Object.keys(each)));

/** What has to be given for a mask that is named. */
const needed: Readonly<Record<string, readonly string[]>> = {
  padding: ['padding'],
  matrix: ['givenMask', 'keepMask'],
};

/**
 * `mask: 'causal'` and its like, which stand for several parameters, as these; what is said besides wins. A value that stands
 * for nothing that there is stays, to be refused.
 * @param known the parameters that there are; all where left out
 */
export function withoutMaskShorthand(
  values: ParameterValues,
  known: ReadonlySet<string> = masks,
): ParameterValues {
  const { mask, window, ...others } = values;
  if (mask === undefined || known.has('mask')) return values;
  const meant = Object.hasOwn(shorthand, mask) ? shorthand[mask] : undefined;
  if (meant === undefined || needed[mask]?.some((name) => known.has(name)) === false) return values;
  const reach =
    mask === 'sliding-window' && typeof window === 'number'
      ? { windowLeft: window, windowRight: window }
      : {};
  const all = Object.entries({ ...meant, ...reach });
  const isLost = ([name, value]: readonly [string, unknown]): boolean =>
    !known.has(name) && value !== 'off' && value !== 0 && value !== -1;
  if (all.some(isLost)) return values;
  return { ...Object.fromEntries(all.filter(([name]) => known.has(name))), ...others };
}

/** Why a mask is refused, as a sentence. */
export function noSuchMask(mask: string | number): string {
  const tensors = needed[mask] === undefined ? undefined : mask === 'padding' ? 'padding' : 'mask';
  return tensors === undefined
    ? `There is no mask called “${mask}” here; it is none, causal, sliding-window or prefix, where these apply, or padding or matrix, where such a tensor is given.`
    : `This mask needs a tensor named “${tensors}”.`;
}

/** Values with others put over them: a `mask` replaces what was said of single masks before. */
export function withChanges(values: ParameterValues, changes: ParameterValues): ParameterValues {
  const kept =
    changes['mask'] === undefined
      ? values
      : Object.fromEntries(Object.entries(values).filter(([name]) => !masks.has(name)));
  return { ...kept, ...changes };
}

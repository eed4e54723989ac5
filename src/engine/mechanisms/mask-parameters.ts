import type { Value } from '../graph.js';
import type { Shape } from '../tensor.js';
import { allOf, singleMasks, type MaskParameters, type Meaning, type SingleMask } from './masks.js';
import { noSuchMask, withoutMaskShorthand } from './mask-shorthand.js';
import { numeric } from './numeric.js';
import { ParameterError, type Parameter, type ParameterValues } from './parameters.js';
import type { Ending } from './places.js';

type Shapes = Readonly<Record<string, Shape>>;

/** The tensors that some masks need. */
export interface MaskTensors {
  /** (key), or as the mask */
  readonly padding?: Value | undefined;
  /** Numbers that are added to scores, unless they are said to be ones and zeros. // (key), (query, key) or (head, query, key) */
  readonly matrix?: Value | undefined;
  /** Ones and zeros. // as the mask */
  readonly kept?: Value | undefined;
  /** How many of the keys are real. // (1) */
  readonly lengths?: Value | undefined;
  /** How many keys are from before. */
  readonly past?: number | undefined;
}

interface Offered {
  readonly inputs: Shapes;
  readonly keys: number;
  /** n; as many as keys where left out. */
  readonly queries?: number;
}

/** Values of `causal`, `lengths` and the like. */
const switches = [
  { value: 'off', title: 'Off' },
  { value: 'on', title: 'On' },
] as const;

export const causalParameter: Parameter = {
  kind: 'choice',
  name: 'causal',
  title: 'Causal mask',
  note: 'Whether a query may attend only to keys up to its own position.',
  value: 'off',
  default: 'off',
  choices: switches,
};

const meanings = [
  { value: 'off', title: 'Off' },
  { value: 'keep', title: '1 takes part' },
  { value: 'drop', title: '1 is left out' },
  { value: 'add', title: 'Added to scores' },
] as const;

/**
 * The parameters of all masks, which compose: a key takes part if every one of them lets it.
 *
 * `causal` (off, on) with `prefix` (keys that all may see); `windowLeft` and `windowRight` (reach, −1 for no bound);
 * `validKeys` (how many of the keys are real) or, with a tensor of them, `lengths` (off, on); `padding`, `givenMask`,
 * `keepMask` (off, or what the given tensor means: keep, drop, add); `queryPlaces` (start, past, end).
 */
export function maskParameters(offered: Offered): readonly Parameter[] {
  const { inputs, keys } = offered;
  const given = (name: string): boolean => inputs[name] !== undefined;
  return [
    causalParameter,
    {
      kind: 'number',
      name: 'prefix',
      title: 'Prefix',
      note: 'How many of the first keys all queries may attend to, although they come later.',
      when: { parameter: 'causal', is: ['on'] },
      value: 0,
      default: 0,
      minimum: 0,
      maximum: Math.max(1, keys),
      step: 1,
    },
    reach('windowLeft', 'Window, before', 'before', keys),
    reach('windowRight', 'Window, after', 'after', keys),
    ...(given('lengths')
      ? [
          onOff(
            'lengths',
            'Valid length',
            'Whether keys beyond each sequence’s given valid length are masked.',
          ),
        ]
      : []),
    ...(given('padding')
      ? [meaning('padding', 'Padding mask', 'What the ones of the given padding mask say.', 'keep')]
      : []),
    ...(given('mask')
      ? [meaning('givenMask', 'Given mask', 'What the numbers of the given mask say.', 'add')]
      : []),
    ...(given('keep')
      ? [meaning('keepMask', 'Other given mask', 'What the numbers of the other given mask say.', 'keep')]
      : []),
    ...placeParameters(offered),
  ];
}

/** How many of the keys are real, where no tensor tells; offered where keys are given, and not made from a text. */
export function validKeysParameter({ inputs, keys }: Offered): readonly Parameter[] {
  if (inputs['lengths'] !== undefined) return [];
  return [
    {
      kind: 'number',
      name: 'validKeys',
      title: 'Valid keys',
      note: 'How many of the keys are real; those after them are masked as padding.',
      value: keys,
      default: keys,
      minimum: 0,
      maximum: keys,
      step: 1,
    },
  ];
}

function reach(name: string, title: string, side: 'before' | 'after', keys: number): Parameter {
  return {
    kind: 'number',
    name,
    title,
    note: `How many positions ${side} the query a key may be; −1 for no bound.`,
    value: -1,
    default: -1,
    minimum: -1,
    maximum: Math.max(4, keys),
    step: 1,
  };
}

function onOff(name: string, title: string, note: string): Parameter {
  return { kind: 'choice', name, title, note, value: 'on', default: 'on', choices: switches };
}

function meaning(name: string, title: string, note: string, standard: Meaning): Parameter {
  return { kind: 'choice', name, title, note, value: standard, default: standard, choices: meanings };
}

/** Where queries stand among keys, where that is not plain. */
function placeParameters({ inputs, keys, queries = keys }: Offered): readonly Parameter[] {
  const past = inputs['past_K'] !== undefined;
  const lengths = inputs['lengths'] !== undefined;
  if (queries === keys && !past && !lengths) return [];
  const standard = past ? 'past' : lengths ? 'end' : 'start';
  return [
    {
      kind: 'choice',
      name: 'queryPlaces',
      title: 'Query positions',
      note: 'Where queries stand among the keys, for masks and positions: the first query at the first key, behind the keys from before, or the last query at the last valid key.',
      value: standard,
      default: standard,
      choices: [
        { value: 'start', title: 'From the first key' },
        ...(past ? [{ value: 'past', title: 'Behind the past keys' }] : []),
        { value: 'end', title: 'Up to the last key' },
      ],
    },
  ];
}

/** Masks as parameter values. */
export function maskValues(mask: MaskParameters): ParameterValues {
  const values: Record<string, string | number> = {};
  for (const each of singleMasks(mask)) {
    switch (each.kind) {
      case 'causal':
        values['causal'] = 'on';
        break;
      case 'prefix':
        Object.assign(values, { causal: 'on', prefix: each.prefix });
        break;
      case 'sliding-window':
        Object.assign(values, { windowLeft: each.window, windowRight: each.window });
        break;
      case 'window':
        Object.assign(values, { windowLeft: each.left ?? -1, windowRight: each.right ?? -1 });
        break;
      case 'valid':
        values['validKeys'] = each.count;
        break;
      case 'lengths':
        values['lengths'] = 'on';
        break;
      case 'given':
        values[each.of] = each.meaning;
        break;
    }
  }
  return values;
}

/** @throws ParameterError when a mask is chosen whose tensor is missing. */
export function readMask(given: ParameterValues, tensors: MaskTensors): MaskParameters {
  const values = withoutMaskShorthand(given);
  const { mask } = given;
  const isMissing =
    (mask === 'padding' && tensors.padding === undefined) ||
    (mask === 'matrix' && tensors.matrix === undefined && tensors.kept === undefined);
  if (mask !== undefined && (isMissing || values['mask'] !== undefined)) {
    throw new ParameterError(noSuchMask(mask));
  }
  const masks: SingleMask[] = [];
  if (isOn(values, 'causal', 'off')) {
    const prefix = numeric(values, 'prefix', 0);
    masks.push(prefix === 0 ? { kind: 'causal' } : { kind: 'prefix', prefix });
  }
  const [left, right] = [numeric(values, 'windowLeft', -1), numeric(values, 'windowRight', -1)];
  if (left >= 0 && left === right) masks.push({ kind: 'sliding-window', window: left });
  else if (left >= 0 || right >= 0) {
    masks.push({ kind: 'window', ...(left < 0 ? {} : { left }), ...(right < 0 ? {} : { right }) });
  }
  const valid = numeric(values, 'validKeys', Infinity);
  if (valid !== Infinity) masks.push({ kind: 'valid', count: valid });
  const { lengths } = tensors;
  if (lengths === undefined) needs(values, 'lengths', 'lengths');
  else if (isOn(values, 'lengths', 'on')) masks.push({ kind: 'lengths', lengths });
  for (const [of, values_, name, standard] of [
    ['padding', tensors.padding, 'padding', 'keep'],
    ['givenMask', tensors.matrix, 'mask', 'add'],
    ['keepMask', tensors.kept, 'keep', 'keep'],
  ] as const) {
    if (values_ === undefined) {
      needs(values, of, name);
      continue;
    }
    const meant = readMeaning(values, of, standard);
    if (meant !== 'off') masks.push({ kind: 'given', of, given: values_, meaning: meant });
  }
  return allOf(masks);
}

/** Queries that stand at the end of the keys; undefined where they begin with the keys. */
export function readQueryPlaces(values: ParameterValues, tensors: MaskTensors): Ending | undefined {
  const places = String(values['queryPlaces'] ?? 'start');
  if (places === 'start') return undefined;
  const { lengths, past } = tensors;
  if (places === 'past' && past !== undefined) return { first: past };
  if (places !== 'end') {
    throw new ParameterError(`queryPlaces is start or end, or past with keys from before, not “${places}”.`);
  }
  if (lengths !== undefined && isOn(values, 'lengths', 'on')) return { lengths };
  const valid = numeric(values, 'validKeys', Infinity);
  return valid === Infinity ? {} : { count: valid };
}

function isOn(values: ParameterValues, name: string, standard: 'off' | 'on'): boolean {
  const value = String(values[name] ?? standard);
  if (value !== 'on' && value !== 'off') throw new ParameterError(`${name} is on or off, not “${value}”.`);
  return value === 'on';
}

function needs(values: ParameterValues, parameter: string, tensor: string): void {
  const value = values[parameter];
  if (value !== undefined && value !== 'off') {
    throw new ParameterError(`${parameter} needs a tensor named “${tensor}”.`);
  }
}

function readMeaning(values: ParameterValues, name: string, standard: Meaning): Meaning | 'off' {
  const value = String(values[name] ?? standard);
  switch (value) {
    case 'off':
    case 'keep':
    case 'drop':
    case 'add':
      return value;
    default:
      throw new ParameterError(`${name} is off, keep, drop or add, not “${value}”.`);
  }
}

import { formatShape } from '../../engine/tensor.js';
import type { QuestionSetting } from '../../protocol.js';
import type { Candidate } from './candidate.js';
import type { Fused } from './fused.js';
import type { Part } from './readings.js';
import { rearranged } from './rearranged.js';

/** What goes by these names holds queries, keys and values, or keys and values, along an axis of their own. */
const packedNames: readonly { readonly name: RegExp; readonly roles: readonly string[] }[] = [
  { name: /(^|[./:_])(qkv(_?packed)?|packed_?qkv)$/i, roles: ['Q', 'K', 'V'] },
  { name: /(^|[./:_])(kv(_?packed)?|packed_?kv)$/i, roles: ['K', 'V'] },
];

/** The parameter that says which axis counts queries, keys and values, where several may. */
export const packedParameter = 'packedAxis';

export interface Packed extends Fused {
  /** What has to be asked before anything can be taken apart. */
  readonly question?: QuestionSetting;
}

/**
 * Takes queries, keys and values apart that lie along an axis of their own. Where that axis is the third from behind, the order is
 * flash-attention's, (batch, n, 3, head, d) or (n, 3, head, d) of texts that lie one behind the other; elsewhere the order is told
 * or asked as of any vectors. What cannot be taken apart for certain is left as it is, and said; two axes that may be it are asked.
 * @param chosen what was said of it: an axis, counted from 0
 */
export function cutPacked(candidates: readonly Candidate[], chosen?: string): Packed {
  const notices: string[] = [];
  let question: QuestionSetting | undefined;
  const cut = candidates.flatMap((candidate): readonly Candidate[] => {
    const { name, source, role } = candidate;
    const packed = packedNames.find((each) => each.name.test(name));
    const { shape } = source;
    if (packed === undefined || role !== undefined || shape.length < 3) return [candidate];
    const { roles } = packed;
    const what = `${name} ${formatShape(shape)}`;
    const places = shape.length < 4 ? [] : placesOf(candidate, candidates, roles.length);
    const [first, ...others] = places;
    if (first === undefined) {
      notices.push(
        `${what} seems to hold ${listed(roles)} in one, but how they lie in it the file does not say. Save them apart, as ${roles.join(', ')}.`,
      );
      return [candidate];
    }
    const place = others.length === 0 ? first : places.find((axis) => String(axis) === chosen);
    if (place === undefined) {
      question ??= questionOf(what, shape, places, roles);
      return [candidate];
    }
    const rest = shape.map((_, axis) => axis).filter((axis) => axis !== place);
    const order = flashOrder(shape.length, place);
    const each = [...(order ?? []), 'feature'].map((part) => (part === 'row' ? 'position' : part));
    const how = order === undefined ? '' : `, each (${each.join(', ')}), as flash-attention packs them`;
    notices.push(`${what} was taken apart along its axis of ${roles.length} into ${listed(roles)}${how}.`);
    return roles.map((own, at) => ({
      key: `${candidate.key}#${own}`,
      name: `${name} (${own})`,
      file: candidate.file,
      role: own,
      source: rearranged(source, rest, new Map([[place, at]])),
      ...(order === undefined ? {} : { axes: order }),
    }));
  });
  return { candidates: cut, notices, ...(question === undefined ? {} : { question }) };
}

/** The axes of so many entries, but for that of features; of several those that leave as many entries as queries beside them have. */
function placesOf(
  { source: { shape } }: Candidate,
  candidates: readonly Candidate[],
  count: number,
): readonly number[] {
  const places = shape.flatMap((extent, axis) => (extent === count && axis < shape.length - 1 ? [axis] : []));
  const query = candidates.find(
    ({ name, source }) =>
      /(^|[./:])(q|query|queries)$/i.test(name) && source.shape.length === shape.length - 1,
  );
  const entries = query?.source.shape[0];
  const fitting = places.filter((place) => shape[place === 0 ? 1 : 0] === entries);
  return query !== undefined && fitting.length > 0 ? fitting : places;
}

function questionOf(
  what: string,
  shape: readonly number[],
  places: readonly number[],
  roles: readonly string[],
): QuestionSetting {
  const title = `Axis of ${what} that counts ${listed(roles)}`;
  return {
    parameter: packedParameter,
    title,
    reason: `${what} has more than one axis of ${roles.length}: choose which of them counts ${listed(roles)}.`,
    choices: places.map((place) => ({
      value: String(place),
      title: shape.map((extent, axis) => (axis === place ? roles.join('/') : String(extent))).join(' × '),
    })),
  };
}

/** What stands before the features, where the axis that was taken away was right before heads and features. */
function flashOrder(axes: number, place: number): readonly Part[] | undefined {
  if (place !== axes - 3) return undefined;
  if (axes === 4) return ['row', 'head'];
  return axes === 5 ? ['batch', 'row', 'head'] : undefined;
}

function listed(roles: readonly string[]): string {
  return roles.length === 2 ? 'keys and values' : 'queries, keys and values';
}

import { formatShape, type TensorSource } from '../../engine/tensor.js';
import type { Candidate } from './candidate.js';
import { along, rearranged } from './rearranged.js';

/** Names of W^Q, W^K and W^V in one: of torch.nn.MultiheadAttention, GPT-2, Phi-3 and others, MosaicML and timm. */
const fusedName = /(^|[._/])(in_proj|c_attn|qkv_proj|Wqkv|wqkv|qkv|W_pack|to_qkv)([._](weight|bias))?$/;

/** GPT-NeoX, BLOOM and Falcon keep the three of each head, or of each group of heads, together. */
const interleavedName = /(^|[._/])query_key_value([._](weight|bias))?$/;

export interface Fused {
  readonly candidates: readonly Candidate[];
  readonly notices: readonly string[];
}

/** Cuts projections of Q, K and V that are kept as one tensor into three. What cannot be cut for certain is left as it is, and said. */
export function cutFused(candidates: readonly Candidate[]): Fused {
  const width = widthOf(candidates);
  const notices: string[] = [];
  const sizes = new Map<string, readonly [number, number]>();
  const weights = candidates.map((candidate): readonly Candidate[] => {
    const { name, source } = candidate;
    if (interleavedName.test(name)) {
      notices.push(
        `${name} was left out: it keeps queries, keys and values of each head together, in an order that the file does not say. Save them apart, as q_proj, k_proj and v_proj.`,
      );
      return [];
    }
    if (!fusedName.test(name) || source.shape.length !== 2) return [candidate];
    const isWeight = /(weight|[Ww]qkv|W_pack)$/.test(name);
    const parts = partsOf(source, width, isWeight);
    if (parts === undefined && !isWeight) return [candidate];
    if (parts === undefined) {
      notices.push(
        `${name} ${formatShape(source.shape)} was left out: it is no projection to queries, keys and values side by side${width === undefined ? '' : ` of vectors of ${width} numbers`}.`,
      );
      return [];
    }
    const { weight, queries, keys } = parts;
    sizes.set(stem(name), [queries, keys]);
    notices.push(
      `${name} ${formatShape(source.shape)} was cut into W^Q, W^K and W^V of ${queries}, ${keys} and ${keys} columns.`,
    );
    return pieces(candidate, weight, 1, [queries, keys], 'W_');
  });
  const all = weights.flat().flatMap((candidate): readonly Candidate[] => {
    const { name, source } = candidate;
    const size = sizes.get(stem(name));
    if (candidate.role !== undefined || !fusedName.test(name) || size === undefined) return [candidate];
    if (source.shape.length !== 1 || source.shape[0] !== size[0] + 2 * size[1]) return [candidate];
    return pieces(candidate, source, 0, size, 'b_');
  });
  return { candidates: all, notices };
}

function stem(name: string): string {
  return name.replace(/[._](weight|bias)$/, '');
}

/** How many numbers the vectors have that are projected. */
function widthOf(candidates: readonly Candidate[]): number | undefined {
  const input = candidates.find(({ name }) =>
    /(^|[._/])(x|xq|inputs?|hidden(_?states?)?|embeddings?|embeds)$/i.test(name),
  );
  return input?.source.shape.at(-1);
}

/** The weight as (in, out), and how many columns are those of queries, and of keys. */
function partsOf(
  source: TensorSource,
  width: number | undefined,
  isWeight: boolean,
): { readonly weight: TensorSource; readonly queries: number; readonly keys: number } | undefined {
  const [rows = 0, columns = 0] = source.shape;
  // Without a vector that it is for, what is not called a weight may be what a projection gave.
  if (width === undefined && !isWeight) return undefined;
  const made = (inner: number, out: number, outer: boolean) => {
    // As many queries as the model is wide; what is left is keys and values.
    const keys = (out - inner) / 2;
    if (!Number.isInteger(keys) || keys < 1 || keys > inner || inner % gcd(inner, keys) !== 0)
      return undefined;
    return { weight: outer ? rearranged(source, [1, 0]) : source, queries: inner, keys };
  };
  if (rows === columns) return undefined;
  if (width !== undefined) {
    if (columns === width && rows > width) return made(width, rows, true);
    return rows === width && columns > width ? made(width, columns, false) : undefined;
  }
  return rows > columns ? made(columns, rows, true) : made(rows, columns, false);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Into how many heads the queries split so that the keys are whole heads that they share evenly. */
export function headCounts(queries: number, keys: number): number[] {
  return Array.from({ length: queries }, (_, at) => at + 1).filter((heads) => {
    const size = queries / heads;
    const groups = keys / size;
    return Number.isInteger(size) && Number.isInteger(groups) && heads % groups === 0;
  });
}

function pieces(
  candidate: Candidate,
  source: TensorSource,
  axis: number,
  [queries, keys]: readonly [number, number],
  prefix: 'W_' | 'b_',
): Candidate[] {
  const ends = [0, queries, queries + keys, queries + 2 * keys];
  return ['Q', 'K', 'V'].map((letter, at) => ({
    key: `${candidate.key}#${letter}`,
    name: `${candidate.name} (${letter})`,
    file: candidate.file,
    role: `${prefix}${letter}`,
    source: along(source, axis, { start: ends[at] ?? 0, end: ends[at + 1] ?? 0 }),
  }));
}

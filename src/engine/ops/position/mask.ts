import { atom, binding, compose, number, type Language } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Region, type Shape } from '../../tensor.js';
import { cellOf, printFill, unchanged } from '../cases.js';
import { copyOf } from '../numbers.js';

/** Which keys j a query i may attend to, by position alone. */
export type MaskRule =
  /** j ≤ i (Vaswani et al. 2017, §3.2.3). */
  | { readonly kind: 'causal' }
  /** |i − j| ≤ window (Beltagy et al. 2020, §3.1, with w = 2 · window). */
  | { readonly kind: 'sliding-window'; readonly window: number }
  /** i − left ≤ j ≤ i + right, each side without a bound where it is left out (ONNX Attention, version 25). */
  | { readonly kind: 'window'; readonly left?: number; readonly right?: number }
  /** j < prefix, or j ≤ i: a prefix that all see, then causal (Raffel et al. 2020, §3.2.1). */
  | { readonly kind: 'prefix'; readonly prefix: number }
  /** j < count: the keys after them are only padding. */
  | { readonly kind: 'valid'; readonly count: number };

/**
 * Sets the scores of keys that a query may not attend to to −∞.
 * @param scores (…, query, key)
 * @param queries positions of the queries (query)
 * @param keys positions of the keys (key)
 * @param fill what the others become: −∞ for scores, 0 for their gradient
 */
export function mask(scores: Value, queries: Value, keys: Value, rule: MaskRule, fill = -Infinity): Value {
  return apply(operationFor(rule, fill), [scores, queries, keys]);
}

function allowed(rule: MaskRule, query: number, key: number): boolean {
  switch (rule.kind) {
    case 'causal':
      return key <= query;
    case 'sliding-window':
      return Math.abs(query - key) <= rule.window;
    case 'window':
      return query - key <= (rule.left ?? Infinity) && key - query <= (rule.right ?? Infinity);
    case 'prefix':
      return key < rule.prefix || key <= query;
    case 'valid':
      return key < rule.count;
  }
}

function condition(rule: MaskRule, language: Language, query: string, key: string): string {
  const most = language === 'tex' ? '\\le' : '<=';
  switch (rule.kind) {
    case 'causal':
      return `${key} ${most} ${query}`;
    case 'sliding-window':
      return language === 'tex'
        ? `\\lvert ${query} - ${key} \\rvert \\le ${rule.window}`
        : `abs(${query} - ${key}) <= ${rule.window}`;
    case 'window': {
      const { left, right } = rule;
      if (language === 'tex') {
        const before = left === undefined ? '' : `${query} - ${left} \\le `;
        return `${before}${key}${right === undefined ? '' : ` \\le ${query} + ${right}`}`;
      }
      const sides = [
        ...(left === undefined ? [] : [`(${query} - ${key} <= ${left})`]),
        ...(right === undefined ? [] : [`(${key} - ${query} <= ${right})`]),
      ];
      return sides.join(' & ');
    }
    case 'prefix':
      return language === 'tex'
        ? `${key} < ${rule.prefix} \\text{ or } ${key} \\le ${query}`
        : `(${key} < ${rule.prefix}) | (${key} <= ${query})`;
    case 'valid':
      return `${key} < ${rule.count}`;
  }
}

/** @param index of the query, which is not its position where keys came before it */
function remark(rule: MaskRule, query: number, key: number, index: number): string {
  const who = index === query ? `query ${query}` : `query ${index}, at position ${query}`;
  switch (rule.kind) {
    case 'causal':
      return `Masked: key ${key} comes after ${who}.`;
    case 'sliding-window':
      return `Masked: key ${key} is ${Math.abs(query - key)} away from ${who}, further than ${rule.window}.`;
    case 'window': {
      const [side, reach] = key < query ? (['before', rule.left] as const) : (['after', rule.right] as const);
      return `Masked: key ${key} is ${Math.abs(query - key)} ${side} ${who}, further than ${reach}.`;
    }
    case 'prefix':
      return `Masked: key ${key} comes after ${who} and lies outside the prefix of ${rule.prefix}.`;
    case 'valid':
      return `Masked: key ${key} is padding, there are ${rule.count} real keys.`;
  }
}

function reads(region: Region): Region[] {
  const [rows, columns] = region.slice(-2);
  if (rows === undefined || columns === undefined)
    throw new ShapeError('Scores have a query and a key axis.');
  return [region, [rows], [columns]];
}

function checked([scores = [], queries = [], keys = []]: readonly Shape[]): Shape {
  const [n, m] = scores.slice(-2);
  if (queries[0] !== n || keys[0] !== m) {
    throw new ShapeError(
      `Scores of shape ${formatShape(scores)} need ${n} query and ${m} key positions, not ${queries[0]} and ${keys[0]}.`,
    );
  }
  return scores;
}

function operationFor(rule: MaskRule, fill: number): Operation {
  return {
    name: 'mask',
    attributes: { ...rule, fill },
    shape: checked,
    reads,

    evaluate([scores, queries, keys]) {
      const out = copyOf(scores);
      const columns = keys?.data.length ?? 1;
      const rows = queries?.data.length ?? 1;
      for (let at = 0; at < out.length; at++) {
        const query = queries?.data[Math.floor(at / columns) % rows] ?? 0;
        if (!allowed(rule, query, keys?.data[at % columns] ?? 0)) out[at] = fill;
      }
      return out;
    },

    onnx(emitter, [scores = '', queries = '', keys = '']) {
      const i = emitter.node('Unsqueeze', [queries, emitter.integers([1], [1])]); // (query, 1)
      const j = emitter.node('Unsqueeze', [keys, emitter.integers([0], [1])]); // (1, key)
      const causal = (): string => emitter.node('LessOrEqual', [j, i]);
      const keep = (): string => {
        switch (rule.kind) {
          case 'causal':
            return causal();
          case 'sliding-window': {
            const distance = emitter.node('Abs', [emitter.node('Sub', [i, j])]);
            return emitter.node('LessOrEqual', [distance, emitter.integers([rule.window], [])]);
          }
          case 'window': {
            const reach = (from: string, to: string, most: number): string =>
              emitter.node('LessOrEqual', [
                emitter.node('Sub', [from, to]),
                emitter.integers([Math.min(most, 2 ** 53)], []),
              ]);
            return emitter.node('And', [
              reach(i, j, rule.left ?? Infinity),
              reach(j, i, rule.right ?? Infinity),
            ]);
          }
          case 'valid':
            return emitter.node('Less', [j, emitter.integers([rule.count], [])]);
          case 'prefix':
            return emitter.node('Or', [
              emitter.node('Less', [j, emitter.integers([rule.prefix], [])]),
              causal(),
            ]);
        }
      };
      return emitter.node('Where', [keep(), scores, emitter.floats([fill], [])]);
    },

    print(language, inputs) {
      const [scores = atom(''), queries = atom(''), keys = atom('')] = inputs;
      if (language === 'tex') {
        const rule_ = condition(rule, language, 'i', 'j');
        return compose(
          `\\begin{cases} ${cellOf(scores.text)} & ${rule_} \\\\ ${printFill(fill, language)} & \\text{otherwise} \\end{cases}`,
          binding.call,
          inputs,
        );
      }
      const test = condition(rule, language, `${queries.text}[:, None]`, `${keys.text}[None, :]`);
      const where = language === 'numpy' ? 'np.where' : 'torch.where';
      return compose(`${where}(${test}, ${scores.text}, ${printFill(fill, language)})`, binding.atom, inputs);
    },

    async derive(cell) {
      const [query = 0, key = 0] = cell.index.slice(-2);
      const positions = await Promise.all([
        cell.scalar(1, [query]).then(({ value }) => value),
        cell.scalar(2, [key]).then(({ value }) => value),
      ]);
      if (!allowed(rule, ...positions)) {
        return { value: fill, numbers: number(fill), sums: [], remark: remark(rule, ...positions, query) };
      }
      return unchanged(cell);
    },

    vjp: (upstream, [, queries, keys]) => [
      queries && keys && mask(upstream, queries, keys, rule, 0),
      undefined,
      undefined,
    ],
  };
}

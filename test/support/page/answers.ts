import { withKnownValues } from '../../../webview/views/parameters/values.js';
import type {
  Answers as QuestionAnswers,
  Arithmetic,
  ArithmeticRequest,
  InspectionSummary,
  Finding,
  Metric,
  Parameter,
  ParameterValues,
  Preview,
  Rollout,
  RolloutRequest,
  Slice,
  SliceRequest,
  Span,
  Sum,
  TensorAxes,
  Thumbnails,
} from '../../../src/protocol.js';
import { imageMedium, patchLabels, previewOf, type PatchedImage } from './image.js';
import type { Recording } from './sound.js';
import {
  alignmentMean,
  audioMedium,
  frameCount,
  frameLabels,
  Heard,
  heardWith,
  queryCount,
  tokenLabels,
} from './sound.js';
import type { Size } from './attention.js';
import { Attention, stepNames, stepsOf } from './attention.js';
import { plots } from './plots.js';
import { describeStep, formulas, mechanismParameter, parameters } from './described.js';

/** What a test wants to be inspected. */
export interface Subject extends Size {
  readonly title: string;
  readonly words: readonly string[] | null;
  readonly notices: readonly string[];
  /** Written over the steps' own formulas, by step name. */
  readonly tex: Readonly<Record<string, string>>;
  /** Whether other mechanisms are offered. */
  readonly mechanisms: boolean;
  /** Whether there is something to plot. */
  readonly plots: boolean;
  /** Whether its model says what comes next. */
  readonly continues: boolean;
  /** How many of the last words its model wrote itself; words in brackets then stand for nothing that was read, too. */
  readonly written?: number;
  /** Where an image was read: after [CLS] its patches, row by row, on both sides. */
  readonly image?: PatchedImage;
  /** Where a recording was heard: the keys are its frames. */
  readonly sound?: Recording;
  /** Whether what is open does not lie on it. */
  readonly unheard?: boolean;
  /** Where its model was asked a question about a text. */
  readonly answers?: QuestionAnswers;
  /** Where it is tensors that were given: what their axes were taken for, the controls of that, and what their numbers show. */
  readonly given?: {
    readonly axes: readonly TensorAxes[];
    readonly controls: readonly Parameter[];
    readonly findings: readonly Finding[];
  };
}

function marks(
  words: readonly string[],
  written: number,
): NonNullable<InspectionSummary['queries']['marks']> {
  return words.map((word, at) =>
    word.startsWith('[') || at >= words.length - written
      ? null
      : { medium: 'text', kind: 'span', start: at, end: at + 1 },
  );
}

/** What a change of parameters makes of a subject. */
function changed(subject: Subject, values: ParameterValues): Subject {
  const { mask, scaling, temperature, mechanism } = values;
  const sound = subject.sound === undefined ? undefined : heardWith(subject.sound, values);
  return {
    ...subject,
    ...(sound === undefined ? {} : { sound, keys: frameCount(sound), queries: queryCount(sound) }),
    ...(mask === undefined ? {} : { causal: mask === 'causal' }),
    ...(scaling === undefined ? {} : { scaling: scaling === 'none' ? ('none' as const) : ('sqrt' as const) }),
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(mechanism === undefined
      ? {}
      : { mechanism: mechanism === 'additive' ? ('additive' as const) : ('dot' as const) }),
  };
}

/** Answers the protocol's questions about one subject. */
export class Answers {
  attention: Attention;
  revision = 1;
  parameters: readonly Parameter[];
  subject: Subject;

  constructor(
    private first: Subject,
    readonly id: string,
    private changes: ParameterValues = {},
  ) {
    const wanted = [
      ...(first.given?.controls ?? []),
      ...(first.mechanisms ? [mechanismParameter] : []),
      ...parameters,
    ];
    this.parameters = withKnownValues(wanted, changes);
    this.subject = changed(first, changes);
    this.attention = new Attention(this.subject);
  }

  change(values: ParameterValues): void {
    this.revision += 1;
    this.changes = { ...this.changes, ...values };
    this.parameters = withKnownValues(this.parameters, values);
    this.subject = changed(this.first, this.changes);
    this.attention = new Attention(this.subject);
  }

  /** A model has written on: there are more tokens on either side. */
  extend(words: readonly string[]): void {
    this.revision += 1;
    const { first } = this;
    this.first = {
      ...first,
      queries: first.queries + words.length,
      keys: first.keys + words.length,
      words: first.words === null ? null : [...first.words, ...words],
    };
    this.subject = changed(this.first, this.changes);
    this.attention = new Attention(this.subject);
  }

  /** The same with some parameters changed, beside this one; a sliding window is refused. */
  variant(id: string, changes: ParameterValues): Answers {
    if (changes['mask'] === 'window') {
      throw new Error('A sliding window needs at least 4 keys on either side.');
    }
    return new Answers(this.first, id, { ...this.changes, ...changes });
  }

  /** Rows of the product of layers, worked out as whole matrices. */
  rollout({ from, to, side, index, residual }: RolloutRequest): Rollout {
    const { queries: count, heads } = this.subject;
    let joint = Array.from({ length: count }, (_, row) =>
      Float64Array.from({ length: count }, (__, column) => (row === column ? 1 : 0)),
    );
    for (let layer = from; layer <= to; layer += 1) {
      const before = joint;
      joint = before.map((_, row) => {
        const out = new Float64Array(count);
        for (let head = 0; head < heads; head += 1) {
          for (const [key, weight] of this.attention.row('weights', layer, head, row).entries()) {
            const share = ((1 - residual) * weight) / heads + (head === 0 && key === row ? residual : 0);
            for (const [at, number] of before[key]?.entries() ?? [])
              out[at] = (out[at] ?? 0) + share * number;
          }
        }
        return out;
      });
    }
    const data = side === 'row' ? (joint[index] ?? []) : joint.map((row) => row[index] ?? NaN);
    return { revision: this.revision, data: Float32Array.from(data) };
  }

  /** @throws Error where no recording was heard */
  get heard(): Heard {
    const { sound } = this.subject;
    if (sound === undefined) throw new Error('There is no recording.');
    return new Heard(sound, this.attention, this.revision);
  }

  preview(medium: string, side: number): Preview {
    const { image } = this.subject;
    if (image === undefined) throw new Error(`There is no image “${medium}”.`);
    return previewOf(image, side);
  }

  summary(): InspectionSummary {
    const { title, layers, heads, queries, keys, words, notices, mechanism, written } = this.subject;
    const { image, sound, unheard } = this.subject;
    const labels = (count: number, side: 'query' | 'key'): InspectionSummary['queries'] => {
      if (image?.written !== undefined && side === 'query') {
        return { count: image.written.length, words: image.written };
      }
      if (image !== undefined) return patchLabels(image);
      if (sound !== undefined) {
        return side === 'query' ? tokenLabels(sound) : unheard === true ? { count } : frameLabels(sound);
      }
      if (words === null) return { count };
      const marked = written === undefined ? {} : { marks: marks(words, written) };
      return { count, words: words.slice(0, count), ...marked };
    };
    return {
      id: this.id,
      revision: this.revision,
      title,
      subtitle: `BERT · ${layers} layers × ${heads} heads · ${queries} tokens`,
      mechanism:
        mechanism === 'additive'
          ? { id: 'additive', title: 'Additive attention' }
          : { id: 'multi-head', title: 'Multi-head attention' },
      layers,
      heads,
      media: [
        ...(image === undefined ? [] : [imageMedium(image)]),
        ...(sound === undefined ? [] : [audioMedium(sound)]),
      ],
      ...(sound?.said === undefined ? {} : { aligns: true as const }),
      ...(image !== undefined && image.written === undefined && layers > 1 ? { rollout: true as const } : {}),
      ...(image?.classes === undefined ? {} : { classes: image.classes.length }),
      queries: labels(queries, 'query'),
      keys: labels(keys, 'key'),
      steps: [
        ...stepsOf(this.subject).map((name) => describeStep(name, this.attention, this.subject.tex)),
        ...(sound?.said === undefined
          ? []
          : [
              {
                ...alignmentMean,
                rows: { axis: 'query' as const, size: queries },
                columns: { axis: 'key' as const, size: keys },
              },
            ]),
      ],
      parameters: this.parameters,
      notices,
      continues: this.subject.continues,
      ...(written === undefined || written === 0
        ? {}
        : {
            continuation: {
              ids: Array.from({ length: written }, (_, at) => at),
              ending: 'length' as const,
              drawn: false,
              by: title,
            },
          }),
      ...(this.subject.answers === undefined ? {} : { answers: this.subject.answers }),
      ...(this.subject.given === undefined ? {} : { axes: this.subject.given.axes }),
      plots: this.subject.plots ? plots.map(({ name, title, note }) => ({ name, title, note })) : [],
      timing: { forward: 11.2 },
    };
  }

  slice({ layer, head, step, rows, columns, pool, query = 0 }: SliceRequest): Slice {
    const isMean = step === alignmentMean.name;
    const name = isMean ? 'weights' : stepNames.find((other) => other === step);
    if (name === undefined) throw new Error(`There is no step “${step}”.`);
    const across = columns ?? { start: 0, end: this.attention.columns(name) };
    const down = rows ?? { start: 0, end: this.attention.rows(name) };
    const height = down.end - down.start;
    const width = across.end - across.start;
    const outRows = Math.min(height, pool?.rows ?? height);
    const outColumns = Math.min(width, pool?.columns ?? width);
    const data = new Float32Array(outRows * outColumns).fill(NaN);
    const counts = new Uint32Array(outRows * outColumns);
    const emptyRows: number[] = [];
    let minimum = Infinity;
    let maximum = -Infinity;
    for (let row = 0; row < height; row += 1) {
      const numbers = isMean
        ? this.heard.meanRow(down.start + row)
        : this.attention.row(name, layer, head, down.start + row, query);
      if (numbers.every(Number.isNaN)) emptyRows.push(down.start + row);
      const line = Math.floor((row * outRows) / height) * outColumns;
      for (let column = 0; column < width; column += 1) {
        const value = numbers[across.start + column] ?? NaN;
        if (Number.isNaN(value)) continue;
        minimum = Math.min(minimum, value);
        maximum = Math.max(maximum, value);
        const at = line + Math.floor((column * outColumns) / width);
        const kept = data[at] ?? NaN;
        const count = (counts[at] ?? 0) + 1;
        counts[at] = count;
        if (Number.isNaN(kept)) data[at] = value;
        else data[at] = pool?.by === 'mean' ? kept + (value - kept) / count : Math.max(kept, value);
      }
    }
    return {
      shape: [outRows, outColumns],
      data,
      revision: this.revision,
      rows: down,
      columns: across,
      emptyRows: Uint32Array.from(emptyRows),
      minimum: minimum > maximum ? 0 : minimum,
      maximum: minimum > maximum ? 0 : maximum,
    };
  }

  thumbnails(size: number, wanted?: Span): Thumbnails {
    const { layers: all, heads, queries, keys } = this.subject;
    const { start, end } = wanted ?? { start: 0, end: all };
    const layers = end - start;
    const rows = Math.min(size, queries);
    const columns = Math.min(size, keys);
    const data = new Float32Array(layers * heads * rows * columns);
    for (let layer = 0; layer < layers; layer += 1) {
      for (let head = 0; head < heads; head += 1) {
        const pool = { rows, columns, by: 'max' as const };
        const place = { inspection: this.id, layer: start + layer, head, step: 'weights' };
        const slice = this.slice({ ...place, pool });
        data.set(slice.data, (layer * heads + head) * rows * columns);
      }
    }
    return { revision: this.revision, rows, columns, data };
  }

  metrics(layer: number, head: number): Metric[] {
    const { queries, keys } = this.subject;
    let entropy = 0;
    let confidence = 0;
    let distance = 0;
    for (let query = 0; query < queries; query += 1) {
      const weights = this.attention.row('weights', layer, head, query);
      let most = 0;
      for (const [key, weight] of weights.entries()) {
        if (!(weight > 0)) continue;
        entropy -= (weight * Math.log(weight)) / queries;
        distance += (weight * Math.abs(query - key)) / queries;
        most = Math.max(most, weight);
      }
      confidence += most / queries;
    }
    const metric = (title: string, value: number, unit: string, full: number): Metric => ({
      name: title.toLowerCase(),
      title,
      note: `${title} of the head's rows, on average.`,
      value,
      unit,
      full,
    });
    return [
      metric('Entropy', entropy, 'nats', Math.log(keys) || 1),
      metric('Confidence', confidence, '', 1),
      metric('Distance', distance, 'tokens', keys),
    ];
  }

  arithmetic({ layer, head, step, row, column, query = 0 }: ArithmeticRequest): Arithmetic {
    const { attention } = this;
    const name = stepNames.find((other) => other === step) ?? 'X';
    const value = attention.row(name, layer, head, row, query)[column] ?? NaN;
    const base = { step, row, column, value };
    const shown = value.toFixed(3);
    const cell = `${formulas[name].symbol.replace('_h', '')}_{${row},${column}}`;
    switch (name) {
      case 'X':
        return { ...base, tex: `${cell} = ${shown}`, sums: [] };
      case 'Q':
      case 'K':
      case 'V': {
        const x = attention.states(name === 'Q' ? 'query' : 'key');
        const w = attention.projection(name, layer, head);
        const { model, feature } = this.subject;
        const left = x.subarray(row * model, (row + 1) * model);
        const right = left.map((_, c) => w[c * feature + column] ?? NaN);
        const sum = products(`x_{${row}}`, left, `W^${name}_{:,${column}}`, right, 'model');
        return {
          ...base,
          tex: `${cell} = x_{${row}} \\cdot W^${name}_{:,${column}} = ${written(sum)} = ${shown}`,
          sums: [sum],
        };
      }
      case 'tanh': {
        const q = attention.row('Q', layer, head, query)[column] ?? NaN;
        const k = attention.row('K', layer, head, row)[column] ?? NaN;
        const tex = `T_{${query},${row},${column}} = \\tanh(${q.toFixed(3)} + ${k.toFixed(3)}) = ${shown}`;
        return { ...base, tex, sums: [] };
      }
      case 'scores': {
        if (this.subject.mechanism === 'additive') {
          const units = attention.row('tanh', layer, head, column, row);
          const sum = products('v', attention.scorer(layer, head), `t_{${row},${column}}`, units, 'hidden');
          return { ...base, tex: `${cell} = ${written(sum)} = ${shown}`, sums: [sum] };
        }
        const q = attention.row('Q', layer, head, row);
        const k = attention.row('K', layer, head, column);
        const sum = products(`q_{${row}}`, q, `k_{${column}}`, k, 'feature');
        return {
          ...base,
          tex: `${cell} = q_{${row}} \\cdot k_{${column}} = ${written(sum)} = ${shown}`,
          sums: [sum],
        };
      }
      case 'scaled': {
        const score = attention.row('scores', layer, head, row)[column] ?? NaN;
        const tex = `${cell} = \\frac{${score.toFixed(3)}}{\\sqrt{${this.subject.feature}}} = ${shown}`;
        return { ...base, tex, sums: [] };
      }
      case 'masked': {
        const remark = `Masked: key ${column} comes after query ${row}.`;
        return Number.isNaN(value)
          ? { ...base, tex: `${cell} = -\\infty`, sums: [], remark }
          : { ...base, tex: `${cell} = ${shown} + 0`, sums: [] };
      }
      case 'weights':
        return this.softmax(layer, head, row, column, base, cell);
      case 'output': {
        const weights = attention.row('weights', layer, head, row);
        const values = weights.map((_, key) => attention.row('V', layer, head, key)[column] ?? NaN);
        const sum = products(`a_{${row}}`, weights, `v_{:,${column}}`, values, 'key');
        return { ...base, tex: `${cell} = ${written(sum)} = ${shown}`, sums: [sum] };
      }
    }
  }

  private softmax(
    layer: number,
    head: number,
    row: number,
    column: number,
    base: Omit<Arithmetic, 'tex' | 'sums'>,
    cell: string,
  ): Arithmetic {
    const scores = this.attention.row('masked', layer, head, row);
    if (scores.every(Number.isNaN)) {
      return {
        ...base,
        tex: `${cell} = 0`,
        sums: [],
        remark: 'Nothing to attend to: every key of this row is masked.',
      };
    }
    const most = scores.reduce((best, score) => (score > best ? score : best), -Infinity);
    const powers = scores.map((score) => (Number.isNaN(score) ? 0 : Math.exp(score - most)));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const power = powers[column] ?? NaN;
    return {
      ...base,
      tex: `${cell} = \\frac{e^{${(scores[column] ?? NaN).toFixed(3)} - ${most.toFixed(3)}}}{\\sum_j e^{\\hat{S}_{${row},j} - ${most.toFixed(3)}}} = \\frac{${power.toFixed(3)}}{${total.toFixed(3)}} = ${base.value.toFixed(3)}`,
      sums: [
        {
          axis: 'key',
          start: 0,
          picked: column,
          columns: [
            { tex: `\\hat{S}_{${row},j}`, values: scores },
            { tex: 'e^{s - \\max}', values: powers, total },
            { tex: `A_{${row},j}`, values: powers.map((one) => one / total), total: 1 },
          ],
        },
      ],
    };
  }
}

function products(left: string, a: Float32Array, right: string, b: Float32Array, axis: Sum['axis']): Sum {
  const values = a.map((one, index) => one * (b[index] ?? NaN));
  return {
    axis,
    start: 0,
    columns: [
      { tex: left, values: a },
      { tex: right, values: b },
      {
        tex: `${left} ${right}`,
        values,
        total: values.reduce((sum, one) => sum + (Number.isNaN(one) ? 0 : one), 0),
      },
    ],
  };
}

/** The two largest products, as the engine writes a sum. */
function written({ columns }: Sum): string {
  const [a, b, ab] = columns;
  const order = [...(ab?.values.keys() ?? [])].sort(
    (x, y) => Math.abs(ab?.values[y] ?? 0) - Math.abs(ab?.values[x] ?? 0),
  );
  const terms = order.slice(0, 2).map((at) => {
    const factor = b?.values[at] ?? NaN;
    return `${(a?.values[at] ?? NaN).toFixed(2)} \\cdot ${factor < 0 ? `(${factor.toFixed(2)})` : factor.toFixed(2)}`;
  });
  const sum = terms.join(' + ').replaceAll('+ -', '- ');
  return order.length > 2 ? `${sum} + \\cdots` : sum;
}

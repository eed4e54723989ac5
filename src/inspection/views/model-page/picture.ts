import { definition, isGiven } from '../../../engine/explain.js';
import { inputsOf, sorted, type Value } from '../../../engine/graph.js';
import type { LayerBox, LayerPicture } from '../../../protocol.js';

type Origin = Value['origin'];

/** One layer of a stack: what comes in, what goes out, and the steps of its attention. */
export interface LayerSection {
  readonly from: Value;
  readonly to: Value;
  readonly steps: readonly Value[];
  /** Of a decoder: attention to the encoder’s output, which is another way in. */
  readonly cross?: { readonly steps: readonly Value[]; readonly memory: Value };
  /** How many tokens the graph was built for; shown as n. */
  readonly tokens: number;
  /** How many a source has, shown as m: one more where left out. */
  readonly source?: number;
}

interface Box {
  id: number;
  kind: LayerBox['kind'];
  title: string;
  shape: string;
  note: string;
  group: LayerBox['group'];
  tex?: string;
  readonly inputs: Set<Box>;
  isStep: boolean;
}

const titles: Readonly<Record<string, string>> = {
  gelu: 'GELU',
  silu: 'SiLU',
  relu: 'ReLU',
  tanh: 'tanh',
  multiply: 'Gate',
  scale: 'Scale',
  'layer-norm': 'Layer norm',
  'rms-norm': 'RMS norm',
  rotary: 'Rotary positions',
};

/**
 * A layer's graph as boxes: every labelled step, every linear layer with its weight and bias, every norm and sum; what only
 * moves cells is looked through.
 */
export function pictureOf(section: LayerSection): LayerPicture {
  return new Drawing(section).picture();
}

class Drawing {
  private readonly boxes: Box[] = [];
  private readonly boxOf = new Map<Origin, Box>();
  private readonly labelled = new Map<Origin, Value>();
  private readonly ownOf = new Map<Origin, LayerBox['group']>();

  constructor(private readonly section: LayerSection) {
    for (const [steps, group] of [
      [section.steps, 'attention'],
      [section.cross?.steps ?? [], 'cross-attention'],
    ] as const) {
      for (const step of steps) {
        this.labelled.set(step.origin, step);
        this.ownOf.set(step.origin, group);
      }
    }
  }

  picture(): LayerPicture {
    const { from, to, cross } = this.section;
    this.boxOf.set(
      from.origin,
      this.box(from, 'stream', 'Layer input', 'What the layer before gave, or the embeddings.'),
    );
    if (cross !== undefined) {
      const note = 'What the encoder gave for the source, the same for every layer.';
      this.boxOf.set(cross.memory.origin, this.box(cross.memory, 'stream', 'Encoder output', note));
    }
    const isEntry = ({ origin }: Value): boolean => origin === from.origin || origin === cross?.memory.origin;
    for (const value of sorted([to], isEntry)) if (!isEntry(value)) this.place(value);
    this.group();
    const end = this.boxOf.get(to.origin);
    if (end !== undefined && end.kind !== 'stream')
      end.note = `${end.note} It is what the layer gives.`.trim();
    const used = this.boxes.filter(
      (box) => box.inputs.size > 0 || this.boxes.some(({ inputs }) => inputs.has(box)),
    );
    used.forEach((box, id) => (box.id = id));
    return {
      boxes: used.map(({ id, kind, title, shape, note, group, tex }) => ({
        id,
        kind,
        title,
        shape,
        note,
        group,
        ...(tex === undefined ? {} : { tex }),
      })),
      arrows: used.flatMap((box) => [...box.inputs].map((input) => ({ from: input.id, to: box.id }))),
    };
  }

  private place(value: Value): void {
    const { origin } = value;
    if (origin.kind !== 'operation') return;
    const sources = inputsOf(value).flatMap((input) => this.boxOf.get(input.origin) ?? []);
    const [first] = sources;
    // What depends on nothing that the layer reads is a weight, or a table of positions.
    if (first === undefined) return;
    const { operation } = origin;
    const isMove = operation.moves === true;
    const isBias =
      operation.name === 'add' && sources.length === 1 && first.kind === 'linear' && !first.isStep;
    const isPassed = sources.length === 1 && (isMove || isBias);
    if (isBias) first.note = `${first.note.replace(/\.$/, '')}, and a bias ${this.shapeOf(weightOf(value))}.`;
    const box = isPassed ? first : this.computed(value, new Set(sources));
    const step = this.labelled.get(origin);
    this.boxOf.set(origin, step === undefined ? box : this.named(step, box, isPassed));
  }

  private computed(value: Value, sources: ReadonlySet<Box>): Box {
    const { origin } = value;
    const name = origin.kind === 'operation' ? origin.operation.name : '';
    const box = ((): Box => {
      if (name === 'matmul' && sources.size === 1 && this.readsWeight(value)) {
        return this.box(value, 'linear', 'Linear', `A weight matrix ${this.shapeOf(weightOf(value))}.`);
      }
      if (name.endsWith('-norm'))
        return this.box(value, 'norm', titles[name] ?? name, 'Each token’s vector is brought to one scale.');
      if (name === 'add')
        return this.box(value, 'sum', 'Sum', 'What came before is added to what was computed from it.');
      return this.box(value, 'other', titles[name] ?? name.replaceAll('-', ' '), '');
    })();
    for (const source of sources) box.inputs.add(source);
    return box;
  }

  /** Gives a box a step's name, where the step is all that becomes of it; otherwise the step has a box of its own. */
  private named(step: Value, box: Box, isPassed: boolean): Box {
    const { label } = step;
    if (label?.step === undefined) return box;
    const isOwn =
      !isPassed ||
      (!box.isStep && box.kind !== 'stream' && ![...this.boxes].some(({ inputs }) => inputs.has(box)));
    // What a layer reads is the stream, or its norm, under another name.
    if (label.given === true && (box.kind === 'stream' || box.kind === 'norm')) return box;
    const own = isOwn ? box : this.box(step, 'step', '', '');
    if (!isOwn) own.inputs.add(box);
    const made = own.kind === 'linear' ? ` ${own.note}` : '';
    own.kind = own.kind === 'linear' ? 'linear' : 'step';
    own.title = label.step.title;
    own.note = `${label.step.note}${made}`;
    own.shape = this.shapeOf(step);
    own.isStep = true;
    own.group = this.ownOf.get(step.origin) ?? 'attention';
    if (!isGiven(step)) own.tex = definition(step);
    return own;
  }

  private box(value: Value, kind: Box['kind'], title: string, note: string): Box {
    const box: Box = {
      id: 0,
      kind,
      title,
      shape: this.shapeOf(value),
      note,
      group: 'stream',
      inputs: new Set(),
      isStep: false,
    };
    this.boxes.push(box);
    return box;
  }

  /** What lies between the sums behind attention, and belongs to no step, is the feed-forward network. */
  private group(): void {
    for (const box of this.boxes) {
      if (box.isStep || box.kind === 'stream' || box.kind === 'sum' || box.kind === 'norm') continue;
      box.group = 'feed-forward';
    }
  }

  private readsWeight(value: Value): boolean {
    return inputsOf(value).some((input) => !this.boxOf.has(input.origin));
  }

  private shapeOf({ shape }: { readonly shape: readonly number[] }): string {
    const { tokens, source = tokens + 1 } = this.section;
    const extents = shape.map((extent) =>
      extent === tokens ? 'n' : extent === source ? 'm' : String(extent),
    );
    return `(${extents.join(', ')})`;
  }
}

/** The input that comes from no token. */
function weightOf(value: Value): { readonly shape: readonly number[] } {
  const inputs = inputsOf(value);
  return inputs[1] ?? inputs[0] ?? value;
}

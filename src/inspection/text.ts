import { attendParameters, readAttendParameters, withValues } from '../engine/mechanisms/index.js';
import { ModelError, type Encoding } from '../models/index.js';
import type { Labels, ParameterValues } from '../protocol.js';
import type { Runtime } from '../runtime/session.js';
import { capturable, keep } from './capture.js';
import { withGradients, withoutGradients } from './gradients.js';
import type { Preparation, Task } from './inspection.js';
import type { Lease } from './models.js';
import type { Layer, Subject } from './subject.js';

/** Text run through a model. */
export class TextPreparation implements Preparation {
  private constructor(
    private readonly lease: Lease,
    private readonly encoding: Encoding,
    private readonly runtime: Runtime,
  ) {}

  /** @throws ModelError when the text has no token; the lease is then released. */
  static async open(text: string, lease: Lease, runtime: Runtime): Promise<TextPreparation> {
    try {
      if (text.trim() === '') throw new ModelError('There is no text to inspect: it is empty.');
      const encoding = await lease.model.encode(text);
      if (encoding.ids.length === 0) throw new ModelError('The tokenizer made no token of this text.');
      return new TextPreparation(lease, encoding, runtime);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async prepare(parameters: ParameterValues, task: Task): Promise<Subject> {
    const { model } = this.lease;
    const { ids } = this.encoding;
    const offered = attendParameters({
      inputs: {},
      keys: ids.length,
      // Where positions are the model's own part of attention, there is nothing to choose.
      pairs: model.positions !== 'rotary' && (model.width / model.heads) % 2 === 0,
      bias: model.positions !== 'bias',
      standard: model.attention,
    });
    const described = withValues(offered, withoutGradients(parameters));
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const graph = model.build(ids.length, readAttendParameters(values, {}));
    const targets = graph.layers.flatMap(capturable);

    task.progress?.(`${model.name}: ${ids.length} tokens`, null);
    const begun = performance.now();
    const tensors = await this.runtime.run(
      targets,
      graph.feeds(ids),
      task.signal === undefined ? {} : { signal: task.signal },
    );
    const forward = performance.now() - begun;
    task.signal?.throwIfAborted();

    const sources = keep(targets, tensors);
    const derived = graph.layers.map((steps) => withGradients(steps, parameters));
    const layers = derived.map(({ steps }): Layer => {
      const own = steps.flatMap((value) => {
        const source = sources.get(value);
        return source === undefined ? [] : [[value, source] as const];
      });
      return { steps, kept: new Map(own) };
    });
    const labels = labelsOf(this.encoding);
    return {
      title: model.name,
      subtitle: `${model.family} · ${model.layers} layers × ${model.heads} heads · ${ids.length} tokens`,
      mechanism: { id: 'multi-head', title: 'Multi-head attention' },
      layers,
      heads: model.heads,
      queries: labels,
      keys: labels,
      parameters: [...described, ...(derived[0]?.parameters ?? [])],
      notices: this.notices(),
      forward,
    };
  }

  async dispose(): Promise<void> {
    await this.lease.release();
  }

  private notices(): string[] {
    const { ids, total } = this.encoding;
    const { model } = this.lease;
    return total > ids.length
      ? [
          `${model.name} reads ${model.limit} tokens at a time: the first ${ids.length} of ${total} were used.`,
        ]
      : [];
  }
}

function labelsOf({ tokens, ranges }: Encoding): Labels {
  return { count: tokens.length, words: tokens, places: ranges };
}

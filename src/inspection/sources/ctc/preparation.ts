import { formatCount } from '../../../common/strings.js';
import { isCausal } from '../../../engine/mechanisms/index.js';
import { inMemory } from '../../../engine/tensor.js';
import type { CtcModel } from '../../../models/index.js';
import { logMel, logMelNumbers, logMelSettings } from '../../../models/processors/audio/index.js';
import { likeliestCharacters } from '../../../models/speech/ctc.js';
import type { AudioMedium, Interval, Labels, Parameter, ParameterValues } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { audioId, spectrogramOf } from '../../core/audio-input.js';
import type { ModelHandle } from '../../core/models.js';
import type { Preparation, Setting } from '../../core/preparation.js';
import type { BroughtRecording } from '../../core/recording.js';
import type { Layer, Sound, Subject } from '../../core/subject.js';
import type { Task } from '../../core/task.js';
import { capturable, keep } from '../../run/capture.js';
import { checkInterventions } from '../../run/check-interventions.js';
import { withGradients } from '../../run/gradients.js';
import { intervene, interventionNotices } from '../../run/interventions.js';
import { readModelAttention, runModel } from '../../run/model-run.js';
import { WeightBudget } from '../../run/weight-budget.js';
import { partIn, partParameters } from '../sequence/audio-parameters.js';
import { ctcAligner, type Written, writtenBy } from './written.js';

/** What was heard of a recording. */
interface HeardPart {
  /** // (sample) */
  readonly samples: Float32Array;
  readonly heard: Interval;
  readonly notes: readonly string[];
}

/** A recording run through a model that hears samples. */
export class CtcPreparation implements Preparation {
  constructor(
    private readonly handle: ModelHandle<CtcModel>,
    private readonly recording: BroughtRecording,
    private readonly runtime: Runtime,
    /** Whether a transcript was brought, which such a model does not read. */
    private readonly hasText: boolean,
  ) {}

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { model } = this.handle;
    const begun = performance.now();
    task.progress?.(`Hearing ${this.recording.name}`, null);
    const part = await this.hear(parameters);
    const { samples, heard } = part;
    const frames = model.framesOf(samples.length);
    // What is too short is refused before anything is said of its attention.
    model.build(samples.length);
    const general = withoutPart(parameters);
    const { described, attention } = readModelAttention(model, frames, general);
    const plain = model.build(samples.length, attention);
    const checked = checkInterventions(interventions, plain, model.heads);
    const set = checked.length === 0 ? undefined : intervene(plain, checked, model.heads);
    const graph = set === undefined ? plain : { ...plain, ...set.graph };
    const budget = new WeightBudget(graph, this.runtime.limits);
    const captured = graph.layers.flatMap(capturable);
    const { logits } = graph;
    const own = { shape: [samples.length, 1], data: samples };
    const feeds = new Map([[plain.samples, own] as const, ...(set?.feeds(frames) ?? [])]);
    task.progress?.(`${model.name}: ${formatCount(frames, 'frame')}`, null);
    const tensors = await runModel(
      {
        graph,
        targets: logits === undefined ? captured : [...captured, logits],
        feeds,
        tokens: frames,
        byLayer: budget.byLayer(frames),
        interventions: checked,
      },
      this.runtime,
      task,
    );
    const said = logits === undefined ? undefined : tensors[captured.length];
    const written = said && writtenBy(await model.characters(), likeliestCharacters(said));
    const forward = performance.now() - begun;
    const kept = new Map([
      ...keep(captured, tensors),
      ...[...feeds].map(([value, tensor]) => [value, inMemory(tensor)] as const),
    ]);
    const derived = graph.layers.map((steps) => withGradients(steps, general));
    const labels = labelsOf(model, heard, frames, written);
    const { medium, sound } = this.sounding(part);
    const size = `${formatCount(model.layers, 'layer')} × ${formatCount(model.heads, 'head')}`;
    return {
      title: `${this.recording.name} · ${model.name}`,
      subtitle: `${model.family} · ${size} · ${(heard.end - heard.start).toFixed(2)} s (${formatCount(frames, 'frame')})`,
      mechanism: { id: 'multi-head', title: 'Multi-head attention' },
      heads: model.heads,
      media: [medium],
      sound,
      queries: labels,
      keys: labels,
      layers: derived.map(({ steps }): Layer => ({ steps, kept })),
      parameters: [...this.partControls(parameters), ...described, ...(derived[0]?.parameters ?? [])],
      notices: [
        ...this.partNotices(heard),
        ...part.notes,
        ...budget.notices(model.name),
        ...this.writtenNotices(written),
        ...model.remarks,
        ...interventionNotices(checked),
      ],
      interventions: checked,
      causal: isCausal(attention.mask),
      forward,
      ...(written === undefined || written.words.length === 0
        ? {}
        : { aligner: ctcAligner(written, { frames, start: heard.start, frame: model.frame }) }),
    };
  }

  async dispose(): Promise<void> {
    await this.recording.close();
    await this.handle.release();
  }

  private async hear(parameters: ParameterValues): Promise<HeardPart> {
    const { model } = this.handle;
    const { rate } = model.extractor;
    const wanted = partIn(parameters, this.recording.duration, model.most);
    const end = Math.min(wanted.end, wanted.start + model.most);
    const {
      samples,
      start,
      end: last,
      notes,
    } = await this.recording.hear(rate, { start: wanted.start, end });
    return { samples, heard: { start, end: last }, notes };
  }

  private partControls(parameters: ParameterValues): readonly Parameter[] {
    const { model } = this.handle;
    const controls = partParameters(parameters, this.recording.duration, model.most);
    return controls.map((control) => {
      const value = parameters[control.name];
      return control.kind === 'number' && typeof value === 'number' ? { ...control, value } : control;
    });
  }

  private sounding({ samples, heard }: HeardPart): { readonly medium: AudioMedium; readonly sound: Sound } {
    const { model } = this.handle;
    const { recording } = this;
    const { rate } = model.extractor;
    // For the eye alone: such models hear samples.
    const settings = { ...logMelSettings({ sampling_rate: rate }, model.name), samples: samples.length };
    let features: Parameters<typeof spectrogramOf>[0] | undefined;
    const seen = (): Parameters<typeof spectrogramOf>[0] => {
      if (features !== undefined) return features;
      const graph = logMel(settings);
      const found = logMelNumbers(graph, samples).get(graph.features);
      features = { features: found ?? { shape: [0, 0], data: new Float32Array() } };
      return features;
    };
    const { name, duration } = recording;
    return {
      medium: { id: audioId, kind: 'audio', name, duration, heard, most: model.most },
      sound: {
        medium: audioId,
        waveform: (part, columns, task) => recording.waveform(part, columns, task),
        samples: (part) => recording.samples(part),
        spectrogram: (part, columns) =>
          spectrogramOf(seen(), { heard, step: settings.hop / rate, bands: settings.bands }, part, columns),
      },
    };
  }

  private partNotices({ start, end }: Interval): readonly string[] {
    const { name, duration } = this.recording;
    const { model } = this.handle;
    return [
      ...(start > 0.005 || end < duration - 0.005
        ? [
            `Of ${name} (${duration.toFixed(2)} s) the part from ${start.toFixed(2)} s to ${end.toFixed(2)} s was heard; at most ${model.most} s are heard at once. Change “From” and “To” for another part.`,
          ]
        : []),
      `${model.name} hears the samples themselves: the spectrogram is shown for the eye alone.`,
    ];
  }

  private writtenNotices(written: Written | undefined): readonly string[] {
    const { name } = this.handle.model;
    return [
      written === undefined
        ? `${name} writes nothing: it has no head for characters (lm_head).`
        : `${name} wrote: “${written.text}” (the likeliest character of every frame; what follows itself is one, and blanks go).`,
      ...(this.hasText ? [`${name} does not read text: the transcript that was given is not used.`] : []),
    ];
  }
}

/** When each frame begins, and what was written there. */
function labelsOf(
  { frame }: CtcModel,
  { start, end }: Interval,
  count: number,
  written: Written | undefined,
): Labels {
  const digits = frame < 0.01 ? 3 : 2;
  const times = Array.from({ length: count }, (_, at) => start + at * frame);
  return {
    count,
    words: times.map((time, at) => {
      const character = written?.at(at);
      return `${time.toFixed(digits)} s${character === undefined ? '' : ` ${character}`}`;
    }),
    marks: times.map((time) => ({
      medium: audioId,
      kind: 'interval',
      start: time,
      end: Math.min(end, time + frame),
    })),
  };
}

/** What says something of attention. */
function withoutPart(parameters: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'from' && name !== 'to'));
}

import type {
  Alignment,
  HeadRank,
  Samples,
  SamplesRequest,
  Spectrogram,
  SpectrogramRequest,
  Waveform,
  WaveformRequest,
} from '../../protocol.js';
import type { Aligner, Sound, Subject } from '../core/subject.js';
import type { Task } from '../core/task.js';

/** A question without the inspection that it is asked of. */
type About<Request> = Omit<Request, 'inspection'>;

/** What is asked of a recording that was brought, and of a text in it. */
export class SoundAnswers {
  constructor(
    private readonly subject: Subject,
    private readonly revision: number,
  ) {}

  /** @throws Error where there is no such recording, RangeError for a part that is none */
  async waveform(request: About<WaveformRequest>, task: Task = {}): Promise<Waveform> {
    const found = await this.sound(request.medium).waveform(request, request.columns, task);
    return { revision: this.revision, ...found };
  }

  /** @throws as `waveform` */
  spectrogram(request: About<SpectrogramRequest>): Spectrogram {
    const found = this.sound(request.medium).spectrogram(request, request.columns);
    return { revision: this.revision, ...found };
  }

  /** @throws as `waveform` */
  samples(request: About<SamplesRequest>): Promise<Samples> {
    return this.sound(request.medium).samples(request);
  }

  /** @throws Error where there is nothing to align */
  async alignment(task: Task = {}): Promise<Alignment> {
    return { revision: this.revision, ...(await this.aligner.align(task)) };
  }

  /** @throws Error where there is nothing to align */
  rankHeads(task: Task = {}): Promise<readonly HeadRank[]> {
    return this.aligner.rank(task);
  }

  private sound(medium: string): Sound {
    const { sound, title } = this.subject;
    if (sound?.medium === medium) return sound;
    throw new Error(`${title} has no recording “${medium}”.`);
  }

  private get aligner(): Aligner {
    const { aligner, title } = this.subject;
    if (aligner !== undefined) return aligner;
    throw new Error(`${title} has no text that could be aligned with a recording.`);
  }
}

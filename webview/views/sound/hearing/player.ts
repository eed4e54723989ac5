import { reasonOf } from '../../../../src/common/values.js';
import type { Interval, Samples } from '../../../../src/protocol.js';
import { isCancelled } from '../../../matrices.js';
import { soundStrings } from '../strings.js';

/** The most that is asked for at once, in seconds, and what is asked for first, so that it begins soon. */
const longest = 30;
const opening = 8;
/** Pieces kept for when they are played again. */
const kept = 6;
/** How long the first sample may take to sound before something is said, in milliseconds. */
const patience = 3000;
/** Ahead of now, so that no piece begins in the past, in seconds. */
const lead = 0.03;

export interface PlayerEvents {
  moved(moment: number): void;
  playing(isPlaying: boolean): void;
  failed(sentence: string): void;
}

/** A piece that sounds from a moment of the recording on, at a time of the context. */
interface Segment {
  readonly at: number;
  readonly moment: number;
  readonly length: number;
}

interface Run {
  readonly interval: Interval;
  readonly loop: boolean;
  readonly rate: number;
  readonly asking: AbortController;
  readonly nodes: Set<AudioBufferSourceNode>;
  segments: Segment[];
  /** Up to which moment pieces were asked for; null where all were. */
  next: number | null;
  /** Pieces on their way. */
  waiting: boolean;
  readonly begun: number;
}

/** Plays parts of a recording through Web Audio, from samples that the host decoded. */
export class Player {
  moment = 0;
  private context: AudioContext | null = null;
  private run: Run | null = null;
  private frame = 0;
  private readonly buffers = new Map<string, Promise<AudioBuffer>>();

  constructor(
    private readonly ask: (interval: Interval, signal: AbortSignal) => Promise<Samples>,
    private readonly events: PlayerEvents,
  ) {}

  get isPlaying(): boolean {
    return this.run !== null;
  }

  /** Called from a press alone: a context that nobody asked for would stay suspended. */
  play(interval: Interval, from: number, { loop, rate }: { loop: boolean; rate: number }): void {
    this.halt();
    const begin = from >= interval.start && from < interval.end - 0.005 ? from : interval.start;
    this.moment = begin;
    this.events.moved(begin);
    if (!(interval.end > interval.start)) return;
    const context = this.open();
    if (context === null) {
      this.events.failed(soundStrings.noContext);
      return;
    }
    const run: Run = {
      ...{ interval, loop, rate, asking: new AbortController(), nodes: new Set() },
      ...{ segments: [], next: begin, waiting: false, begun: performance.now() },
    };
    this.run = run;
    this.events.playing(true);
    // Where there is no device this may never settle: the clock tells.
    context.resume().catch(() => undefined);
    void this.load(run, opening);
    this.tick(run);
  }

  pause(): void {
    if (this.run === null) return;
    this.halt();
    this.events.playing(false);
  }

  /** Goes to a moment; what is playing goes on from there where it plays that part. */
  seek(moment: number): void {
    const { run } = this;
    if (run !== null && moment >= run.interval.start && moment < run.interval.end) {
      this.play(run.interval, moment, run);
      return;
    }
    this.pause();
    this.moment = moment;
    this.events.moved(moment);
  }

  /** Goes on from where it is, otherwise. */
  replay(how: { loop: boolean; rate: number }): void {
    const { run } = this;
    if (run !== null) this.play(run.interval, this.moment, how);
  }

  /** Another recording, or another part of it: what was kept is of no use. */
  forget(moment: number): void {
    this.pause();
    this.buffers.clear();
    this.moment = moment;
    this.events.moved(moment);
  }

  dispose(): void {
    this.halt();
    this.buffers.clear();
    void this.context?.close();
    this.context = null;
  }

  private open(): AudioContext | null {
    if (this.context !== null) return this.context;
    try {
      this.context = new AudioContext();
    } catch {
      // What the browser says of it is not for people.
      return null;
    }
    return this.context;
  }

  private halt(): void {
    const { run } = this;
    this.run = null;
    cancelAnimationFrame(this.frame);
    if (run === null) return;
    run.asking.abort();
    for (const node of run.nodes) {
      node.onended = null;
      node.stop();
      node.disconnect();
    }
    run.nodes.clear();
  }

  /** One piece is always ahead of the one that sounds. */
  private async load(run: Run, most = longest): Promise<void> {
    const { context } = this;
    if (run.next === null || run.waiting || context === null) return;
    const start = run.next;
    const end = Math.min(run.interval.end, start + most);
    run.waiting = true;
    try {
      const buffer = await this.buffer({ start, end }, context, run.asking.signal);
      if (this.run !== run) return;
      this.schedule(run, context, buffer, start);
      run.next = end < run.interval.end ? end : run.loop ? run.interval.start : null;
      run.waiting = false;
      if (run.nodes.size < 2) void this.load(run);
    } catch (error) {
      if (this.run !== run) return;
      this.pause();
      if (!isCancelled(error)) this.events.failed(reasonOf(error));
    }
  }

  private schedule(run: Run, context: AudioContext, buffer: AudioBuffer, moment: number): void {
    const last = run.segments.at(-1);
    const after = last === undefined ? 0 : last.at + last.length / run.rate;
    const at = Math.max(after, context.currentTime + lead);
    const node = context.createBufferSource();
    node.buffer = buffer;
    node.playbackRate.value = run.rate;
    node.connect(context.destination);
    node.onended = () => {
      run.nodes.delete(node);
      node.disconnect();
      if (this.run === run) void this.load(run);
    };
    run.nodes.add(node);
    node.start(at);
    // What has sounded long ago is of no use to the clock.
    run.segments = [...run.segments.slice(-2), { at, moment, length: buffer.duration }];
  }

  private buffer(interval: Interval, context: AudioContext, signal: AbortSignal): Promise<AudioBuffer> {
    const key = `${interval.start} ${interval.end}`;
    const found = this.buffers.get(key);
    if (found !== undefined) return found;
    const made = this.ask(interval, signal).then(({ rate, data }) => {
      const buffer = context.createBuffer(1, Math.max(1, data.length), rate);
      buffer.copyToChannel(Float32Array.from(data), 0);
      return buffer;
    });
    this.buffers.set(key, made);
    made.catch(() => this.buffers.delete(key));
    for (const oldest of this.buffers.keys()) {
      if (this.buffers.size <= kept) break;
      this.buffers.delete(oldest);
    }
    return made;
  }

  private tick(run: Run): void {
    if (this.run !== run) return;
    const { context } = this;
    const now = context?.currentTime ?? 0;
    const playing = run.segments.findLast(({ at }) => now >= at);
    if (playing !== undefined) {
      const into = (now - playing.at) * run.rate;
      this.moment = Math.min(playing.moment + Math.min(into, playing.length), run.interval.end);
      this.events.moved(this.moment);
      if (run.next === null && playing === run.segments.at(-1) && into >= playing.length) {
        this.moment = run.interval.end;
        this.events.moved(this.moment);
        this.pause();
        return;
      }
    } else if (
      run.segments.length > 0 &&
      performance.now() - run.begun > patience &&
      context?.state !== 'running'
    ) {
      this.pause();
      this.events.failed(soundStrings.noDevice);
      return;
    }
    this.frame = requestAnimationFrame(() => {
      this.tick(run);
    });
  }
}

import type { Interval, Spectrogram, Waveform } from '../../../../src/protocol.js';
import { reasonOf } from '../../../../src/common/values.js';
import { isCancelled } from '../../../matrices.js';
import type { Panel } from '../../../panel.js';
import type { Theme } from '../../../theme.js';
import { Player } from './player.js';
import type { SoundSettings } from './settings.js';
import type { Shown } from '../shown.js';
import { Strip } from './strip.js';
import { Transport } from './transport.js';
import { Zoomed } from './zoomed.js';

export interface ListeningEvents {
  /** A picture of the sound has come. */
  come(): void;
  moved(moment: number): void;
  set(changes: Partial<SoundSettings>): void;
  failed(sentence: string): void;
}

/** The recording itself: its pictures, the part of it that is heard, and how it sounds. */
export class Listening {
  readonly waveform: Zoomed<Waveform>;
  readonly spectrogram: Zoomed<Spectrogram>;
  private readonly whole: Strip;
  private readonly player: Player;
  private readonly controls: Transport;
  private shown: Shown | null = null;
  private of = '';
  private asking: AbortController | null = null;

  constructor(
    private readonly panel: Panel,
    theme: Theme,
    private settings: SoundSettings,
    private readonly events: ListeningEvents,
  ) {
    const { channel } = panel;
    const common = {
      come: () => {
        events.come();
      },
      failed: (sentence: string) => {
        events.failed(sentence);
      },
    };
    this.waveform = new Zoomed({
      ...common,
      come: () => {
        const { medium } = this.shown ?? {};
        const { overview } = this.waveform;
        // What is heard is the whole: it is asked for once.
        if (medium !== undefined && Strip.isWhole(medium) && overview !== null)
          this.whole.fill(overview.value);
        events.come();
      },
      ask: (of, columns, signal) => channel.request('waveform', { ...this.asked(of), columns }, { signal }),
      columnsOf: ({ minimum }) => minimum.length,
    });
    this.spectrogram = new Zoomed({
      ...common,
      ask: (of, columns, signal) =>
        channel.request('spectrogram', { ...this.asked(of), columns }, { signal }),
      columnsOf: ({ columns }) => columns,
    });
    this.player = new Player((of, signal) => channel.request('samples', this.asked(of), { signal }), {
      moved: (moment) => {
        this.showMoment(moment);
        events.moved(moment);
      },
      playing: (isPlaying) => {
        this.controls.showPlaying(isPlaying);
      },
      failed: (sentence) => {
        events.failed(sentence);
      },
    });
    this.controls = new Transport(
      {
        toggle: () => {
          this.toggle();
        },
        set: (changes) => {
          events.set(changes);
        },
      },
      settings,
    );
    this.whole = new Strip(theme, ({ start, end }) => {
      panel.channel.request('change', { parameters: { from: start, to: end } }).catch((error: unknown) => {
        if (!isCancelled(error)) events.failed(reasonOf(error));
      });
    });
  }

  get transport(): HTMLElement {
    return this.controls.element;
  }

  get strip(): HTMLElement {
    return this.whole.element;
  }

  get isPlaying(): boolean {
    return this.player.isPlaying;
  }

  /** Takes on what is heard now. */
  show(shown: Shown): void {
    this.shown = shown;
    this.whole.show(shown.medium);
  }

  /** Asks for the pictures, in so many columns; once for each part that is heard. */
  load(columns: number): void {
    const { shown } = this;
    if (shown === null) return;
    const { summary, medium } = shown;
    const key = JSON.stringify([summary.id, medium]);
    if (key === this.of) return;
    this.of = key;
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.waveform.clear();
    this.spectrogram.clear();
    this.player.forget(medium.heard.start);
    void this.fetch(shown, Math.max(1, Math.round(columns)), asking);
  }

  look(seen: Interval, pixels: number): void {
    this.waveform.look(seen, pixels);
    this.spectrogram.look(seen, pixels);
  }

  use(settings: SoundSettings): void {
    const { rate, loop } = this.settings;
    this.settings = settings;
    // What sounds already goes on at the new speed from where it is.
    if ((rate !== settings.rate || loop !== settings.loop) && this.isPlaying) this.player.replay(settings);
  }

  toggle(): void {
    const { shown, player } = this;
    if (shown === null) return;
    if (player.isPlaying) player.pause();
    else player.play(shown.medium.heard, player.moment, this.settings);
  }

  playPart({ start, end }: Interval): void {
    this.player.play({ start, end }, start, this.settings);
  }

  seek(moment: number): void {
    const { heard } = this.shown?.medium ?? {};
    if (heard !== undefined && moment >= heard.start && moment < heard.end) this.player.seek(moment);
  }

  pause(): void {
    this.player.pause();
  }

  drawStrip(): void {
    this.whole.draw();
  }

  retheme(theme: Theme): void {
    this.whole.retheme(theme);
  }

  dispose(): void {
    this.asking?.abort();
    this.asking = null;
    this.waveform.clear();
    this.spectrogram.clear();
    this.player.dispose();
  }

  private asked({ start, end }: Interval): {
    inspection: string;
    medium: string;
    start: number;
    end: number;
  } {
    const { summary, medium } = this.shown ?? {};
    return { inspection: summary?.id ?? '', medium: medium?.id ?? '', start, end };
  }

  private showMoment(moment: number): void {
    const { medium } = this.shown ?? {};
    if (medium !== undefined) this.controls.showMoment(moment, medium.duration);
  }

  /** The pictures of the sound come before the matrix: they are small, and what is long may be heard meanwhile. */
  private async fetch({ medium, summary }: Shown, columns: number, asking: AbortController): Promise<void> {
    const { heard, duration } = medium;
    void this.waveform.show(heard, columns);
    void this.spectrogram.show(heard, columns);
    if (Strip.isWhole(medium)) return;
    try {
      const whole = await this.panel.channel.request(
        'waveform',
        { inspection: summary.id, medium: medium.id, start: 0, end: duration, columns },
        { signal: asking.signal },
      );
      if (this.asking === asking) this.whole.fill(whole);
    } catch (error) {
      if (this.asking === asking && !isCancelled(error)) this.events.failed(reasonOf(error));
    }
  }
}

import './sound.css';
import type { Alignment } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { HeatmapTools } from '../heatmap/tools.js';
import type { OpenView, ViewContext } from '../view.js';
import { RankedHeads } from './heads.js';
import { Listening } from './hearing/listening.js';
import { SoundMatrix } from './matrix.js';
import { pickPlace, pickWord, wordOf } from './picking.js';
import { Reading } from './reading.js';
import type { SoundSettings } from './hearing/settings.js';
import type { Shown } from './shown.js';
import { captionOf, headTitle, shownIn } from './shown.js';
import type { Pointed } from './stage.js';
import { SoundStage } from './stage.js';
import { soundStrings } from './strings.js';
import { Switch } from './switch.js';
import { seconds } from './ticks.js';
import { Timing } from './timing.js';
import { WordTable } from './word-table.js';
import { Words } from './words.js';

/** The pictures are at least this high together, in CSS pixels; what is below is scrolled to. */
const leastHeight = 420;

/** A recording with the attention to it: waveform, spectrogram and matrix over one time axis, words, and the sound itself. */
export class SoundView implements OpenView {
  private readonly zooming: HeatmapTools;
  readonly tools: HTMLElement;
  private readonly panel: Panel;
  private readonly listening: Listening;
  private readonly timing: Timing;
  private readonly words: Words;
  private readonly table: WordTable;
  private readonly heads: RankedHeads;
  private readonly stage: SoundStage;
  private readonly switch: Switch;
  private readonly matrix: SoundMatrix;
  private readonly reading: Reading;
  private readonly said = h('p', { class: 'sound-said muted' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly head: HTMLElement;
  private readonly foot: HTMLElement;
  private readonly more: HTMLElement;
  private readonly body: HTMLElement;
  readonly element: HTMLElement;
  private readonly life = new Lifetime();
  private theme: Theme;
  private alignment: Alignment | null = null;
  /** Something is to be asked for once there is room for it. */
  private owed = false;
  private askedAt: number | null = null;

  constructor(
    private readonly context: ViewContext,
    private settings: SoundSettings,
  ) {
    const { panel, theme, drawing } = context;
    this.panel = panel;
    this.theme = theme;
    const play = (word: Alignment['words'][number]): void => {
      this.with((shown) => {
        this.listening.playPart(word);
        pickWord(panel, shown, word);
      });
    };
    this.words = new Words({
      play,
      reveal: (interval, width) => {
        this.stage.lens.enlarge(interval, width);
      },
    });
    this.table = new WordTable(play);
    this.listening = new Listening(panel, theme, settings, {
      come: () => {
        this.stage.lens.ask();
      },
      moved: (moment) => {
        this.stage.mark({ moment });
        this.words.hear(this.listening.isPlaying ? moment : null);
        this.follow(moment);
      },
      set: (changes) => {
        this.set(changes);
      },
      failed: (sentence) => {
        this.fail(sentence);
      },
    });
    this.heads = new RankedHeads({
      open: ({ layer, head }) => {
        panel.openHead(layer, head);
      },
      align: (heads) => {
        // As people count them, which is how the parameter is read.
        const alignmentHeads = heads.map(({ layer, head }) => headTitle(layer, head)).join(', ');
        panel.channel.request('change', { parameters: { alignmentHeads } }).catch(context.reportError);
      },
    });
    this.timing = new Timing(panel, {
      aligned: (alignment) => {
        this.takeAlignment(alignment);
      },
      ranked: (ranks) => {
        if (ranks === null) this.heads.clear();
        else this.heads.show(ranks);
      },
      failed: (sentence) => {
        this.words.say('');
        this.fail(sentence);
      },
    });
    this.stage = new SoundStage(theme, drawing.webgl, this.listening, this.words, {
      point: (place, aloud) => {
        this.point(place, aloud);
      },
      press: (place) => {
        this.with((shown) => {
          this.listening.seek(place.time);
          pickPlace(panel, shown, place);
        });
      },
      clear: () => {
        this.point(null, false);
        if (panel.store.get().position.cell !== undefined) panel.pick(null);
      },
      looked: () => {
        this.look();
      },
      painted: () => {
        this.reportPainted();
      },
    });
    this.matrix = new SoundMatrix(context, this.stage, {
      caption: (shown) => captionOf(shown, this.alignment?.heads.length ?? null),
      failed: (message) => {
        this.fail(message);
      },
    });
    this.reading = new Reading(context, (row, column) => this.matrix.valueAt(row, column));
    this.switch = new Switch(panel, {
      path: (path) => {
        this.set({ path });
      },
    });
    this.zooming = new HeatmapTools(
      {
        zoom: (factor) => {
          this.stage.zoom(factor);
        },
        fit: () => {
          this.stage.lens.unzoom();
        },
      },
      soundStrings.fit,
    );
    this.tools = this.zooming.element;
    this.problem.hidden = true;
    this.head = h(
      'div',
      { class: 'sound-head' },
      h('div', { class: 'sound-bar' }, this.listening.transport, this.switch.element),
      this.said,
      this.problem,
      this.listening.strip,
    );
    this.foot = h('div', { class: 'heatmap-foot sound-foot' }, this.matrix.element, this.reading.element);
    this.more = h('div', { class: 'sound-more-parts' }, this.heads.element, this.table.element);
    this.body = h(
      'div',
      { class: 'heatmap-body sound-body' },
      ...[this.head, this.stage.element, this.foot, this.more, this.reading.spoken],
    );
    this.element = h('div', { class: 'heatmap sound' }, this.body);
    this.element.addEventListener(
      'keydown',
      (event) => {
        const { target } = event;
        const taken = 'button, input, select, [role="combobox"], [role="option"], [role="slider"]';
        if (event.key !== ' ' || event.ctrlKey || event.altKey || event.metaKey) return;
        if (target instanceof Element && target.closest(taken) !== null) return;
        // Before the surface takes it for a pick, and the page for a scroll.
        event.preventDefault();
        event.stopPropagation();
        this.listening.toggle();
      },
      true,
    );
    this.connect();
  }

  private get shown(): Shown | null {
    return shownIn(this.panel.store.get());
  }

  remember(): SoundSettings {
    return this.settings;
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.stage.retheme(theme);
    this.listening.retheme(theme);
    this.matrix.color(theme);
  }

  dispose(): void {
    this.life.dispose();
    this.listening.dispose();
    this.timing.dispose();
    this.matrix.dispose();
    this.reading.dispose();
    this.stage.dispose();
  }

  private connect(): void {
    const { store } = this.panel;
    // What is not seen is not asked for.
    const seen = ({ centre }: { readonly centre: string }): boolean => centre === 'sound';
    this.life.resized(this.body, () => {
      if (this.owed && this.body.clientWidth > 0) this.refresh();
      else this.layout();
    });
    this.life.add(
      store.watch(
        (view) => {
          const shown = seen(view) ? this.shown : null;
          if (shown === null) return '';
          const { summary, layer, head, matrix } = shown;
          return JSON.stringify([summary.id, summary.revision, layer, head, matrix?.step.name ?? '']);
        },
        (key) => {
          if (key !== '') this.refresh();
        },
      ),
      store.watch(
        ({ centre }) => centre,
        (centre) => {
          // The moment would run through pictures that nobody sees.
          if (centre !== 'sound') this.listening.pause();
        },
      ),
      store.watch(
        ({ scale }) => scale,
        () => {
          this.matrix.color(this.theme);
        },
      ),
      store.watch(
        ({ position }) => position.cell,
        () => {
          this.showPicked();
        },
      ),
    );
  }

  private set(changes: Partial<SoundSettings>): void {
    this.settings = { ...this.settings, ...changes };
    this.context.changed();
    this.listening.use(this.settings);
    this.showPath();
  }

  private refresh(): void {
    const { shown } = this;
    if (shown === null) return;
    // How much is asked for depends on how much room there is.
    this.owed = this.body.clientWidth === 0;
    if (this.owed) return;
    this.problem.hidden = true;
    this.askedAt ??= performance.now();
    const { summary } = shown;
    this.timing.show(summary);
    this.listening.show(shown);
    this.more.hidden = summary.aligns !== true;
    this.said.textContent = saidOf(shown);
    this.caption(shown);
    this.heads.mark(shown);
    this.reading.clear();
    this.layout();
    this.listening.load((this.stage.layout?.across ?? 1) * window.devicePixelRatio);
    this.matrix.show(shown);
    this.showPicked();
  }

  private caption(shown: Shown): void {
    const { matrix } = shown;
    const heads = this.alignment?.heads.length ?? null;
    const text = captionOf(shown, heads);
    const drawn = this.settings.path && this.alignment !== null && matrix?.rowFrames === null;
    this.stage.show(shown, matrix === null ? '' : drawn ? `${text} · ${soundStrings.withPath}` : text);
    this.switch.show(shown, heads, this.settings.path);
    const { start, end } = shown.medium.heard;
    this.stage.surface.setAttribute(
      'aria-label',
      soundStrings.description({
        caption: text === '' ? soundStrings.title : text,
        name: shown.medium.name,
        start: seconds(start),
        end: seconds(end),
      }),
    );
  }

  private takeAlignment(alignment: Alignment | null): void {
    this.alignment = alignment;
    const words = alignment?.words ?? [];
    this.words.say(
      alignment === null ? soundStrings.aligning : words.length === 0 ? soundStrings.noWords : '',
    );
    this.words.show(words);
    this.table.show(words);
    const { notices = [] } = this.panel.summary ?? {};
    this.heads.say((alignment?.notices ?? []).filter((notice) => !notices.includes(notice)));
    this.showPath();
    this.showPicked();
    this.stage.lens.ask();
  }

  private showPath(): void {
    const { shown, alignment } = this;
    // Of the encoder's own attention the rows are no tokens.
    const fits = shown?.matrix?.rowFrames === null;
    this.stage.mark({ path: this.settings.path && fits ? (alignment?.path ?? null) : null });
    if (shown !== null) this.caption(shown);
  }

  private showPicked(): void {
    const { shown } = this;
    const cell = shown?.matrix?.picked ?? null;
    const word = cell === null ? null : wordOf(this.alignment, cell.row);
    this.stage.mark({ picked: { row: cell?.row ?? null, column: cell?.column ?? null }, word });
    this.words.mark(cell?.row ?? null);
    this.point(null, false);
  }

  private point(place: Pointed | null, aloud: boolean): void {
    this.stage.hover(place);
    this.reading.show(this.shown, place, aloud);
  }

  private look(): void {
    this.zooming.showLevel(this.stage.lens.level);
    this.matrix.look();
    const { layout, lens } = this.stage;
    if (layout !== null) this.listening.look(lens.shown, layout.across * window.devicePixelRatio);
  }

  /** Turns the page where the played moment runs out of sight. */
  private follow(moment: number): void {
    const { lens } = this.stage;
    if (!this.listening.isPlaying || (moment >= lens.shown.start && moment < lens.shown.end)) return;
    lens.turnTo(moment);
  }

  private layout(): void {
    const { clientWidth, clientHeight } = this.body;
    if (clientWidth === 0) return;
    const beside = this.head.offsetHeight + this.foot.offsetHeight + 40;
    this.stage.fit(Math.max(160, clientWidth - 24), Math.max(leastHeight, clientHeight - beside));
    this.listening.drawStrip();
  }

  private with(act: (shown: Shown) => void): void {
    const { shown } = this;
    if (shown !== null) act(shown);
  }

  private fail(sentence: string): void {
    this.problem.textContent = sentence;
    this.problem.hidden = false;
  }

  private reportPainted(): void {
    const { askedAt } = this;
    if (askedAt === null) return;
    this.askedAt = null;
    // The frame is on screen once the task after it runs.
    setTimeout(() => {
      this.panel.painted(performance.now() - askedAt);
    });
  }
}

/** What has to be known of what is shown, in a line. */
function saidOf({ medium, matrix, extent }: Shown): string {
  const { heard, duration } = medium;
  return [
    ...(duration - (heard.end - heard.start) > 0.05
      ? [soundStrings.part(heard.start, heard.end, duration)]
      : []),
    ...(extent.end - heard.end > 0.05 ? [soundStrings.padding] : []),
    ...(matrix === null ? [soundStrings.elsewhere] : []),
  ].join(' ');
}

import './sound.css';
import type { Alignment, Slice } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { MatrixLayers } from '../heatmap/layers.js';
import { HeatmapTools } from '../heatmap/tools.js';
import { Readout } from '../heatmap/readout.js';
import type { OpenView, ViewContext } from '../view.js';
import { SoundColors } from './colors.js';
import { RankedHeads } from './heads.js';
import { Listening } from './listening.js';
import { pickPlace, pickWord, wordOf } from './picking.js';
import type { SoundSettings } from './settings.js';
import type { Shown } from './shown.js';
import { captionOf, headTitle, shownIn } from './shown.js';
import { framed } from './slices.js';
import type { Pointed } from './stage.js';
import { SoundStage } from './stage.js';
import { soundStrings } from './strings.js';
import { Switch } from './switch.js';
import { seconds } from './ticks.js';
import { intervalOf } from './frames.js';
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
  private readonly colors: SoundColors;
  private readonly stage: SoundStage;
  private readonly switch: Switch;
  private readonly layers: MatrixLayers;
  private readonly readout: Readout;
  private readonly place = h('p', { class: 'sound-place number' });
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
    const { panel, matrices, theme, drawing } = context;
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
    this.layers = new MatrixLayers(
      {
        slice: (request, signal) => {
          const { matrix } = this.shown ?? {};
          return matrix == null ? matrices.slice(request, signal) : framed(matrices, matrix, request, signal);
        },
      },
      {
        overview: (slice) => {
          this.takeSlice('overview', slice);
        },
        detail: (slice) => {
          this.takeSlice('detail', slice);
        },
        failed: (message) => {
          this.fail(message);
        },
      },
    );
    this.colors = new SoundColors(panel);
    this.readout = new Readout(
      panel,
      matrices,
      (row, column) => {
        const first = this.shown?.matrix?.frames.first ?? 0;
        return this.layers.valueAt(row, column - first);
      },
      () => 1,
      {
        nothing: () => soundStrings.nothing,
        quantity: (step) => (step.role === 'weights' ? 'weight' : step.title.toLowerCase()),
      },
    );
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
    this.foot = h(
      'div',
      { class: 'heatmap-foot sound-foot' },
      this.colors.element,
      h('div', { class: 'sound-read' }, this.place, this.readout.element),
    );
    this.more = h('div', { class: 'sound-more-parts' }, this.heads.element, this.table.element);
    this.body = h(
      'div',
      { class: 'heatmap-body sound-body' },
      ...[this.head, this.stage.element, this.foot, this.more, this.readout.spoken],
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
    this.recolor();
  }

  dispose(): void {
    this.life.dispose();
    this.listening.dispose();
    this.timing.dispose();
    this.layers.clear();
    this.readout.dispose();
    this.colors.dispose();
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
          this.recolor();
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
    const { summary, matrix } = shown;
    this.timing.show(summary);
    this.listening.show(shown);
    this.more.hidden = summary.aligns !== true;
    this.said.textContent = saidOf(shown);
    this.caption(shown);
    this.heads.mark(shown);
    this.readout.clear();
    this.layout();
    this.listening.load((this.stage.layout?.across ?? 1) * window.devicePixelRatio);
    this.colors.element.hidden = matrix === null;
    const place = matrix === null ? null : this.context.matrices.place(matrix.step.name);
    if (matrix === null || place === null) {
      this.layers.clear();
      this.stage.color(null, this.panel.store.get().scale.map);
    } else {
      const { across = 1, cells } = this.stage.layout ?? {};
      const { frames, step } = matrix;
      const lens = this.stage.lens.frame;
      const ratio = window.devicePixelRatio;
      // The whole matrix may be wider than what is seen at first: padding is beyond.
      const wider = lens === null ? 1 : (frames.count * frames.pitch) / (lens.home.end - lens.home.start);
      const columns = { axis: step.columns.axis, size: frames.count };
      this.panel.awaitMatrix(
        this.layers.show(
          place,
          { ...step, columns },
          {
            width: across * ratio * Math.max(1, wider),
            height: (cells?.height ?? 1) * ratio,
          },
        ),
      );
    }
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

  private takeSlice(layer: 'overview' | 'detail', slice: Slice | null): void {
    this.stage.setCells(layer, slice);
    this.recolor();
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

  private recolor(): void {
    const { shown } = this;
    if (shown === null) return;
    const { matrix } = shown;
    if (matrix !== null) {
      const caption = captionOf(shown, this.alignment?.heads.length ?? null);
      this.colors.update(matrix.step, caption, this.layers, this.theme);
    }
    const scale = matrix === null || this.layers.overview === null ? null : this.colors.scale;
    this.stage.color(scale, this.panel.store.get().scale.map);
  }

  private showPicked(): void {
    const { shown } = this;
    const cell = shown?.matrix?.picked ?? null;
    const word = cell === null ? null : wordOf(this.alignment, cell.row);
    this.stage.mark({ picked: { row: cell?.row ?? null, column: cell?.column ?? null }, word });
    this.words.mark(cell?.row ?? null);
    this.point(null, false);
  }

  /** Reads what is pointed at, else what is picked. */
  private point(place: Pointed | null, aloud: boolean): void {
    const { shown } = this;
    this.stage.hover(place);
    if (shown?.matrix == null) {
      this.place.textContent = place === null ? ' ' : `${seconds(place.time)} s`;
      this.readout.element.hidden = true;
      return;
    }
    const { matrix } = shown;
    const row = place === null ? matrix.picked?.row : (place.row ?? this.panel.store.get().chosen.query);
    const column = place === null ? matrix.picked?.column : place.column;
    const interval = column == null ? null : intervalOf(matrix.frames, column);
    this.place.textContent = interval === null ? ' ' : soundStrings.at(interval.start, interval.end);
    this.readout.element.hidden = false;
    const target =
      row === undefined
        ? null
        : column == null
          ? ({ kind: 'row', index: row } as const)
          : ({ kind: 'cell', cell: { row, column } } as const);
    this.readout.show(target, matrix.step, aloud);
  }

  private look(): void {
    this.zooming.showLevel(this.stage.lens.level);
    const { looked, layout, lens } = this.stage;
    const ratio = window.devicePixelRatio;
    if (looked !== null) this.layers.look(looked.viewport, looked.frame, ratio, this.stage.largest);
    if (layout !== null) this.listening.look(lens.shown, layout.across * ratio);
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

import './image.css';
import type { Slice } from '../../../src/protocol.js';
import { reasonOf } from '../../../src/common/values.js';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { HeatmapTools } from '../heatmap/tools.js';
import type { OpenView, ViewContext } from '../view.js';
import { Chips } from './chips.js';
import { ImageColors } from './colors.js';
import { ImageControls } from './controls.js';
import type { Drawing, Drawn } from './drawn.js';
import { drawnOf, heatFor } from './drawn.js';
import { HeadPictures } from './head-pictures.js';
import type { Heads } from './lines.js';
import { Lines } from './lines.js';
import { Original } from './original.js';
import { PatchTable } from './patch-table.js';
import { pickAt, pickCell, pickOther, pickSource } from './picking.js';
import { Pointed } from './pointed.js';
import { chipsOf, description, saidOf, wordsOf } from './said.js';
import type { ImageMemory, Settings } from './settings.js';
import { settingsFor, withSettings } from './settings.js';
import type { Shown } from './shown.js';
import { cellOf, shownIn } from './shown.js';
import { ImageStage } from './stage.js';
import { imageStrings } from './strings.js';
import { Words } from './words.js';

/** The picture is at least this high, in CSS pixels; what is below is scrolled to. */
const leastHeight = 200;

/** An image with the attention of one of its patches, or of another token, over it. */
export class ImageView implements OpenView {
  private readonly stage: ImageStage;
  private readonly zooming: HeatmapTools;
  readonly tools: HTMLElement;
  private readonly controls = new ImageControls(
    (changes) => {
      this.set(changes);
    },
    (special) => {
      this.panel.color({ leaveOut: special ? 'special' : 'nothing' });
    },
  );
  private readonly words = new Words((index) => {
    this.with((shown) => {
      pickSource(this.panel, shown, index);
    });
  });
  private readonly chips = new Chips({
    pick: (index, shift) => {
      this.with((shown) => {
        pickOther(this.panel, shown, index, shift);
      });
    },
    point: (index) => {
      this.pointed.aim(index);
    },
  });
  private readonly table = new PatchTable(({ index, box }) => {
    this.with((shown) => {
      if (shown.sources === null) pickCell(this.panel, shown, cellOf(shown, index));
      else pickAt(this.panel, shown, box.x + box.width / 2, box.y + box.height / 2, false);
    });
  });
  private readonly colors: ImageColors;
  private readonly heads: HeadPictures;
  private readonly said = h('p', { class: 'image-said muted' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly loading = h('p', { class: 'image-loading muted', text: imageStrings.loading });
  private readonly head: HTMLElement;
  private readonly foot: HTMLElement;
  private readonly body: HTMLElement;
  readonly element: HTMLElement;
  private readonly panel: Panel;
  private readonly lines: Lines;
  private readonly pointed: Pointed;
  private readonly original: Original;
  private readonly life = new Lifetime();
  private theme: Theme;
  private drawn: Drawn | null = null;
  private asking: object | null = null;
  private askedAt: number | null = null;

  constructor(
    private readonly context: ViewContext,
    private memory: ImageMemory,
  ) {
    const { panel, matrices, theme } = context;
    this.panel = panel;
    this.theme = theme;
    this.lines = new Lines(matrices, panel);
    this.colors = new ImageColors(panel);
    this.heads = new HeadPictures({
      ask: async (shown) => {
        await panel.matrixShown();
        return this.eachHead(shown);
      },
      heat: (shown, data) => heatFor(shown, data, this.drawing).heat,
      head: (head) => {
        panel.openHead(panel.store.get().position.layer, head);
        this.set({ heads: 'one' });
      },
      fused: (by) => {
        this.set({ heads: by });
      },
      failed: (error) => {
        this.fail(error);
      },
    });
    this.stage = new ImageStage(theme, {
      point: (patch, aloud) => {
        this.pointed.aim(patch?.index ?? null, aloud);
      },
      press: (x, y, shift) => {
        this.with((shown) => {
          pickAt(panel, shown, x, y, shift);
        });
      },
      clear: () => {
        this.pointed.aim(null);
        if (panel.store.get().position.cell !== undefined) panel.pick(null);
      },
      looked: (scale, level) => {
        this.original.look(scale);
        this.zooming.showLevel(level);
      },
      painted: () => {
        this.reportPainted();
      },
    });
    this.zooming = new HeatmapTools(
      {
        zoom: (factor) => {
          this.stage.zoom(factor);
        },
        fit: () => {
          this.stage.fit();
        },
      },
      imageStrings.fit,
    );
    this.tools = this.zooming.element;
    this.original = new Original(panel, {
      come: () => {
        this.present();
      },
      failed: (error) => {
        this.fail(error);
      },
    });
    this.pointed = new Pointed(context, this.lines, {
      shown: () => this.shown,
      heads: () => this.how,
      drawn: () => this.drawn,
      mark: (patch) => {
        this.stage.hover(patch);
      },
    });
    this.problem.hidden = true;
    this.head = h('div', { class: 'image-head' }, this.controls.element, this.words.element);
    const { chips, colors, said, stage } = this;
    const { readout } = this.pointed;
    this.foot = h(
      'div',
      { class: 'heatmap-foot image-foot' },
      ...[chips.element, colors.element, said, readout.element],
    );
    this.body = h(
      'div',
      { class: 'heatmap-body image-body' },
      ...[this.head, this.loading, stage.element, this.problem, this.foot],
      ...[this.heads.element, this.table.element, readout.spoken],
    );
    this.element = h('div', { class: 'heatmap image' }, this.body);
    this.connect();
  }

  private get settings(): Settings {
    return settingsFor(this.memory, this.panel.store.get().origin);
  }

  private get shown(): Shown | null {
    return shownIn(this.panel.store.get(), this.settings);
  }

  /** Scores of several heads are not made one: only weights say how much. */
  private get fusion(): Settings['heads'] {
    const { shown } = this;
    const { heads } = this.settings;
    if (shown?.step.scale !== 'weights') return 'one';
    return heads === 'rollout' && shown.summary.rollout !== true ? 'one' : heads;
  }

  private get how(): Heads {
    return { ...this.settings, heads: this.fusion };
  }

  remember(): ImageMemory {
    return this.memory;
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.stage.retheme(theme);
    this.redraw();
  }

  dispose(): void {
    this.life.dispose();
    this.controls.dispose();
    this.pointed.dispose();
    this.original.dispose();
    this.lines.dispose();
    this.colors.dispose();
    this.heads.dispose();
    this.asking = null;
  }

  private connect(): void {
    const { store } = this.panel;
    this.life.resized(this.body, () => {
      this.layout();
    });
    this.life.add(
      store.watch(
        (view) => {
          // What is not seen is not asked for.
          const shown = view.centre === 'image' ? this.shown : null;
          if (shown === null) return '';
          const { layer, head } = view.position;
          const { summary, step, direction, source } = shown;
          return JSON.stringify([
            ...[summary.id, summary.revision, layer, head, step.name],
            ...[direction, source, view.origin],
          ]);
        },
        (key) => {
          if (key !== '') void this.refresh();
        },
      ),
      store.watch(
        ({ scale }) => scale,
        () => {
          this.redraw();
        },
      ),
      store.watch(
        ({ position }) => position.cell,
        () => {
          this.present();
          this.pointed.show();
        },
      ),
    );
  }

  private set(changes: Partial<Settings>): void {
    const { origin } = this.panel.store.get();
    this.memory = withSettings(this.memory, origin, { ...this.settings, ...changes });
    this.context.changed();
    const others: readonly (keyof Settings)[] = ['direction', 'heads', 'from', 'residual', 'across'];
    if (others.some((name) => name in changes)) void this.refresh();
    else if ('opacity' in changes || 'grid' in changes) this.present();
    else this.redraw();
  }

  private async refresh(): Promise<void> {
    const { shown } = this;
    const place = shown === null ? null : this.context.matrices.place(shown.step.name);
    if (shown === null || place === null) return;
    const asking = {};
    this.asking = asking;
    this.askedAt ??= performance.now();
    this.pointed.readout.clear();
    // What was pointed at may be no more.
    if (this.drawn?.shown.patches !== shown.patches) this.pointed.aim(null);
    const { summary, direction, source, patches } = shown;
    this.original.show(summary.id, patches.medium);
    this.showControls(shown);
    const asked = this.lines.line(place, direction, source, this.how);
    this.panel.awaitMatrix(
      asked.then(
        () => undefined,
        () => undefined,
      ),
    );
    try {
      const line = await asked;
      if (this.asking !== asking) return;
      // What is wrong with the image itself still is.
      this.problem.hidden = !this.original.isMissing;
      this.take(shown, line);
    } catch (error) {
      if (this.asking === asking) this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (isCancelled(error)) return;
    this.problem.textContent = reasonOf(error);
    this.problem.hidden = false;
    this.loading.hidden = true;
  }

  private redraw(): void {
    if (this.drawn !== null) this.take(this.drawn.shown, this.drawn.line);
  }

  private get drawing(): Drawing {
    const { settings, colors, theme } = this;
    return { settings, colors, theme };
  }

  private take(shown: Shown, line: Slice): void {
    const { side, table } = this.settings;
    const { layer } = this.panel.store.get().position;
    const rolled = this.fusion === 'rollout' ? layer : null;
    const { summary, step } = shown;
    this.drawn = drawnOf(shown, line, this.drawing);
    const { values, scale } = this.drawn;
    this.colors.show(shown, this.pointed.quantity(step), values, scale, this.theme);
    this.showControls(shown);
    this.chips.show(chipsOf(shown, values, line));
    this.said.textContent = saidOf(shown, values, this.settings, this.colors.leftOut(shown), rolled);
    this.said.hidden = this.said.textContent === '';
    const several = summary.heads > 1 && step.perHead;
    this.heads.forget();
    this.heads.show(side && several ? shown : null, layer);
    this.table.element.hidden = !table;
    if (table) this.table.show(shown, values);
    this.present();
    this.layout();
    this.pointed.show();
  }

  private async eachHead({ step, direction, source }: Shown): Promise<readonly Slice[]> {
    const place = this.context.matrices.place(step.name);
    return place === null ? [] : this.lines.each(place, direction, source);
  }

  /** Puts what has come on the stage. */
  private present(): void {
    const { drawn, settings } = this;
    const { image } = this.original;
    this.loading.hidden = image !== null || !this.problem.hidden;
    if (drawn === null) return;
    const { shown, heat, contours } = drawn;
    const { patches, sources, source, direction } = shown;
    const cell = this.shown?.picked ?? null;
    const other = direction === 'row' ? cell?.column : cell?.row;
    const boxOf = (side: typeof patches | null, index: number | undefined) =>
      side?.list[side.places.get(index ?? -1) ?? -1]?.box ?? null;
    const { opacity, grid } = settings;
    this.stage.show({
      ...{ patches, image, heat, opacity, grid, contours },
      source: boxOf(sources, source),
      picked: boxOf(patches, other),
    });
    const { position } = this.panel.store.get();
    this.stage.element.setAttribute('aria-label', description(shown, position, this.fusion));
    this.heads.draw({
      image,
      opacity,
      theme: this.theme,
      open: this.fusion === 'one' ? position.head : this.fusion,
    });
  }

  private showControls(shown: Shown): void {
    const { summary, step, patches, directions, source } = shown;
    this.controls.show(this.settings, {
      directions,
      heads: (summary.heads > 1 && step.perHead) || summary.rollout === true,
      rollout: summary.rollout === true ? this.panel.store.get().position.layer : null,
      areWeights: step.scale === 'weights',
      grid: patches.grid !== null,
      leaveOut: this.colors.offered(shown),
      leftOut: this.colors.leftOut(shown),
    });
    this.words.show(wordsOf(shown), source);
  }

  private layout(): void {
    const { clientWidth, clientHeight } = this.body;
    if (clientWidth === 0 || this.drawn === null) return;
    const beside = this.head.offsetHeight + this.foot.offsetHeight + this.heads.element.offsetHeight;
    this.stage.layout(Math.max(80, clientWidth - 32), Math.max(leastHeight, clientHeight - beside - 36));
  }

  private with(act: (shown: Shown) => void): void {
    const { shown } = this;
    if (shown !== null) act(shown);
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

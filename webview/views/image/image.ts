import './image.css';
import type { Slice } from '../../../src/protocol.js';
import { reasonOf } from '../../../src/common/values.js';
import { h } from '../../dom.js';
import type { ColorScale } from '../../draw/colormap.js';
import { colorScale } from '../../draw/colormap.js';
import { Legend } from '../../draw/legend.js';
import type { Cell } from '../../draw/viewport.js';
import { headPlace, longLabel, quantity, shortLabel } from '../../labels.js';
import { Lifetime } from '../../lifetime.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { Readout } from '../heatmap/readout.js';
import { HeatmapTools } from '../heatmap/tools.js';
import type { OpenView, ViewContext } from '../view.js';
import { Chips } from './chips.js';
import type { Segment } from './contours.js';
import { ImageControls } from './controls.js';
import { Lines } from './lines.js';
import { contoursOf } from './marks.js';
import { Original } from './original.js';
import type { Heat } from './painter.js';
import { heatOf } from './painter.js';
import { patchAt } from './patches.js';
import type { ImageMemory, Settings } from './settings.js';
import { settingsFor, withSettings } from './settings.js';
import type { Shown } from './shown.js';
import { cellOf, shownIn } from './shown.js';
import { extentOf, ImageStage } from './stage.js';
import { imageStrings } from './strings.js';
import type { Values } from './values.js';
import { valuesOf } from './values.js';
import { Words } from './words.js';

/** The picture is at least this high, in CSS pixels; what is below is scrolled to. */
const leastHeight = 200;

/** A row or column that has come, and what is drawn of it. */
interface Drawn {
  readonly shown: Shown;
  readonly line: Slice;
  readonly values: Values;
  readonly scale: ColorScale;
  readonly heat: Heat;
  readonly contours: readonly Segment[];
}

/** An image with the attention of one of its patches, or of another token, over it. */
export class ImageView implements OpenView {
  private readonly stage: ImageStage;
  private readonly zooming: HeatmapTools;
  readonly tools: HTMLElement;
  private readonly controls = new ImageControls((changes) => {
    this.set(changes);
  });
  private readonly words = new Words((index) => {
    this.pickSource(index);
  });
  private readonly chips = new Chips({
    pick: (index, shift) => {
      this.pickOther(index, shift);
    },
    point: (index) => {
      this.aim(index, false);
    },
  });
  private readonly legend = new Legend();
  private readonly said = h('p', { class: 'image-said muted' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly loading = h('p', { class: 'image-loading muted', text: imageStrings.loading });
  private readonly head: HTMLElement;
  private readonly foot: HTMLElement;
  private readonly body: HTMLElement;
  readonly element: HTMLElement;
  private readonly panel: Panel;
  private readonly lines: Lines;
  private readonly readout: Readout;
  private readonly original: Original;
  private readonly life = new Lifetime();
  private theme: Theme;
  private drawn: Drawn | null = null;
  /** The label on the image's side that is pointed at. */
  private aimed: number | null = null;
  private asking: object | null = null;
  private askedAt: number | null = null;

  constructor(
    private readonly context: ViewContext,
    private memory: ImageMemory,
  ) {
    const { panel, matrices, theme } = context;
    this.panel = panel;
    this.theme = theme;
    this.lines = new Lines(matrices);
    this.stage = new ImageStage(theme, {
      point: (patch, aloud) => {
        this.aim(patch?.index ?? null, aloud);
      },
      press: (x, y, shift) => {
        this.press(x, y, shift);
      },
      clear: () => {
        this.aim(null, false);
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
    this.readout = new Readout(
      panel,
      {
        // What heads have in common was made from the scores of none.
        place: (step) => (this.heads === 'one' || step === this.shown?.step.name ? matrices.place(step) : null),
        row: (place, row) => this.lines.line(place, 'row', row, this.heads, panel.summary?.heads ?? 1),
      },
      (row, column) => this.numberAt({ row, column }),
      {
        nothing: () => (this.shown?.sources === null ? imageStrings.nothingOfWords : imageStrings.nothing),
        quantity: (step) => this.quantity(step),
      },
    );
    this.problem.hidden = true;
    this.head = h('div', { class: 'image-head' }, this.controls.element, this.words.element);
    const { chips, legend, said, readout, stage } = this;
    this.foot = h(
      'div',
      { class: 'heatmap-foot image-foot' },
      ...[chips.element, legend.element, said, readout.element],
    );
    this.body = h(
      'div',
      { class: 'heatmap-body image-body' },
      ...[this.head, this.loading, stage.element, this.problem, this.foot, readout.spoken],
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
  private get heads(): Settings['heads'] {
    return this.shown?.step.scale === 'weights' ? this.settings.heads : 'one';
  }

  private quantity(step: Shown['step']): string {
    const { heads } = this;
    const name = quantity(step);
    return heads === 'one' || step.scale !== 'weights' ? name : imageStrings.fused(heads, name);
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
    this.readout.dispose();
    this.original.dispose();
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
        ({ position }) => position.cell,
        () => {
          this.present();
          this.refreshReadout(false);
        },
      ),
    );
  }

  private set(changes: Partial<Settings>): void {
    const { origin } = this.panel.store.get();
    this.memory = withSettings(this.memory, origin, { ...this.settings, ...changes });
    this.context.changed();
    if ('direction' in changes || 'heads' in changes) void this.refresh();
    else this.redraw();
  }

  private async refresh(): Promise<void> {
    const { shown, heads } = this;
    const place = shown === null ? null : this.context.matrices.place(shown.step.name);
    if (shown === null || place === null) return;
    const asking = {};
    this.asking = asking;
    this.askedAt ??= performance.now();
    this.readout.clear();
    const { summary, direction, source, patches } = shown;
    this.original.show(summary.id, patches.medium);
    this.showControls(shown);
    const asked = this.lines.line(place, direction, source, heads, summary.heads);
    this.panel.awaitMatrix(
      asked.then(
        () => undefined,
        () => undefined,
      ),
    );
    try {
      const line = await asked;
      if (this.asking !== asking) return;
      this.problem.hidden = true;
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

  private take(shown: Shown, line: Slice): void {
    const { keep, drawing, contours, leaveOut } = this.settings;
    const { step, patches, direction } = shown;
    const areWeights = step.scale === 'weights';
    const values = valuesOf(line.data, patches, {
      areWeights,
      keep,
      leaveOut: leaveOut && direction === 'row',
    });
    const scale = colorScale(step.scale, values.minimum, values.maximum, this.theme.dark);
    this.drawn = {
      shown,
      line,
      values,
      scale,
      heat: heatOf(patches, values, scale, drawing),
      contours: contours ? contoursOf(patches, values, drawing) : [],
    };
    this.legend.show(this.quantity(step), scale, { masked: values.anyMasked, beyond: false });
    this.showControls(shown);
    this.showBeside(this.drawn);
    this.present();
    this.layout();
    this.refreshReadout(false);
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
    const boxOf = (in_: typeof patches | null, index: number | undefined) =>
      in_?.list[in_.places.get(index ?? -1) ?? -1]?.box ?? null;
    const { opacity, grid } = settings;
    this.stage.show({
      ...{ patches, image, heat, opacity, grid, contours },
      source: boxOf(sources, source),
      picked: boxOf(patches, other),
    });
    this.stage.element.setAttribute('aria-label', this.description(shown));
  }

  private description({ summary, step, direction, source, patches, sources }: Shown): string {
    const { position } = this.panel.store.get();
    const { medium, grid, list } = patches;
    const heads = this.heads === 'one' ? headPlace(position.layer, position.head) : imageStrings[this.heads];
    return imageStrings.description({
      quantity: step.title,
      heads,
      token: longLabel(summary, direction === 'row' ? 'query' : 'key', source),
      image: medium.name,
      patches: grid === null ? String(list.length) : `${grid.rows} × ${grid.columns}`,
      keys: sources === null ? imageStrings.keysOfWords : imageStrings.keys,
    });
  }

  private showControls(shown: Shown): void {
    const { settings } = this;
    const { summary, step, patches, sources, direction, directions, source } = shown;
    this.controls.show(settings, {
      directions,
      heads: summary.heads > 1 && step.perHead,
      areWeights: step.scale === 'weights',
      grid: patches.grid !== null,
      others: patches.others.length > 0 && direction === 'row',
    });
    const side = direction === 'row' ? 'query' : 'key';
    const { count } = summary[direction === 'row' ? 'queries' : 'keys'];
    const words =
      sources === null ? Array.from({ length: count }, (_, at) => shortLabel(summary, side, at)) : null;
    this.words.show(words, source);
  }

  /** What stands beside the image: other tokens, and what of the row is not drawn. */
  private showBeside({ shown, values, line }: Drawn): void {
    const { summary, direction, patches, sources, source } = shown;
    const { leaveOut, keep } = this.settings;
    const whole = line.data.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0);
    this.chips.show(
      patches.others.map((index) => {
        const value = values.others.get(index) ?? NaN;
        const isShare = values.othersShare !== null && direction === 'row' && whole > 0;
        return {
          index,
          value,
          label: shortLabel(summary, direction === 'row' ? 'key' : 'query', index),
          share: isShare ? (Number.isNaN(value) ? 0 : value / whole) : null,
          isSource: sources !== null && index === source,
        };
      }),
    );
    const { othersShare, kept } = values;
    const { seen, width, height } = patches.medium;
    const extent = extentOf(patches);
    const isWhole = seen.width >= extent.width && seen.height >= extent.height;
    const isPadded = extent.width > width || extent.height > height;
    this.said.textContent = [
      ...(othersShare !== null && direction === 'row' && patches.others.length > 0
        ? [leaveOut ? imageStrings.renormalised(othersShare) : imageStrings.others(othersShare)]
        : []),
      ...(othersShare !== null && keep < 1
        ? [imageStrings.kept(kept.count, patches.list.length, kept.held)]
        : []),
      ...(isWhole ? [] : [imageStrings.cropped]),
      ...(isPadded ? [imageStrings.padded] : []),
    ].join(' ');
    this.said.hidden = this.said.textContent === '';
  }

  private layout(): void {
    const { clientWidth, clientHeight } = this.body;
    if (clientWidth === 0 || this.drawn === null) return;
    const beside = this.head.offsetHeight + this.foot.offsetHeight;
    this.stage.layout(Math.max(80, clientWidth - 32), Math.max(leastHeight, clientHeight - beside - 36));
  }

  private numberAt({ row, column }: Cell): number | undefined {
    const { drawn } = this;
    if (drawn === null) return undefined;
    const { direction, source } = drawn.shown;
    const isOn = (direction === 'row' ? row : column) === source;
    return isOn ? drawn.line.data[direction === 'row' ? column : row] : undefined;
  }

  /** Points at a label on the image's side; at none with null. */
  private aim(index: number | null, aloud: boolean): void {
    if (index === this.aimed) return;
    this.aimed = index;
    const { shown } = this;
    if (shown === null) return;
    const { patches, step } = shown;
    const cell = index === null ? null : cellOf(shown, index);
    this.stage.hover(index === null ? null : (patches.list[patches.places.get(index) ?? -1] ?? null));
    if (this.panel.step === step) this.panel.point(cell);
    this.context.hover(cell === null ? null : { kind: 'cell', cell }, step);
    this.refreshReadout(aloud);
  }

  private refreshReadout(aloud: boolean): void {
    const { shown, aimed } = this;
    if (shown === null) return;
    const cell = aimed === null ? shown.picked : cellOf(shown, aimed);
    this.readout.show(cell === null ? null : { kind: 'cell', cell }, shown.step, aloud);
  }

  /** A point of the image is picked: the patch whose attention is shown, or, with Shift or for words, the other side of the cell. */
  private press(x: number, y: number, shift: boolean): void {
    const { shown } = this;
    if (shown === null) return;
    const { patches, sources } = shown;
    const source = shift || sources === null ? null : patchAt(sources, x, y);
    if (source !== null) {
      this.pickSource(source.index);
      return;
    }
    const other = patchAt(patches, x, y);
    if (other !== null && (shift || sources === null)) this.go(cellOf(shown, other.index));
  }

  private pickSource(index: number): void {
    const { shown } = this;
    if (shown === null) return;
    const { chosen } = this.panel.store.get();
    const row = shown.direction === 'row';
    this.go({ row: row ? index : chosen.query, column: row ? chosen.key : index });
  }

  /** A token that is no patch: its own attention where it is on both sides, else its cell. */
  private pickOther(index: number, shift: boolean): void {
    const { shown } = this;
    if (shown === null) return;
    const { summary, sources, patches } = shown;
    const isBoth =
      sources?.others.includes(index) === true &&
      summary.queries.words?.[index] === summary.keys.words?.[index] &&
      patches.others.includes(index);
    if (isBoth && !shift) this.pickSource(index);
    else this.go(cellOf(shown, index));
  }

  private go(cell: Cell): void {
    const { shown, panel } = this;
    if (shown === null) return;
    if (panel.step === shown.step) panel.pick(cell);
    else panel.openStep(shown.step, cell);
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

import type { Panel, PanelView } from '../../panel.js';
import type { Theme } from '../../theme.js';
import type { OpenView, RegisteredView, ViewContext } from '../view.js';
import { isOffered } from '../view.js';

export interface OpenViewsEvents {
  /** A view is there, or no longer. */
  opened(view: RegisteredView, open: OpenView): void;
  closed(view: RegisteredView, open: OpenView): void;
}

/**
 * Opens each registered view when it is offered and wanted, and closes it when it no longer is. Sections of the side columns are
 * wanted always, one of the centre's views once it was shown, what covers the matrix while it does. What a view remembers is kept
 * while it is closed.
 */
export class OpenViews {
  private readonly open = new Map<string, OpenView>();
  private readonly kept: Map<string, unknown>;
  private readonly stops: (() => void)[];

  constructor(
    private readonly views: readonly RegisteredView[],
    private readonly panel: Panel,
    private readonly context: ViewContext,
    remembered: Readonly<Record<string, unknown>>,
    private readonly events: OpenViewsEvents,
  ) {
    this.kept = new Map(Object.entries(remembered));
    const { store } = panel;
    const beside = views.filter(({ place }) => place === 'left' || place === 'right');
    const instead = views.filter(({ place }) => place === 'centre' || place === 'whole');
    this.stops = [
      store.watch(
        ({ content, centre, covering }) => {
          const summary = summaryIn(content);
          return JSON.stringify([summary?.id, summary?.revision, centre, covering]);
        },
        () => {
          this.sync(instead);
        },
      ),
      // Sections that come and go do not keep the picture waiting.
      store.follow(
        ({ content }) => summaryIn(content),
        () => {
          this.sync(beside);
        },
      ),
    ];
  }

  get(id: string): OpenView | undefined {
    return this.open.get(id);
  }

  retheme(theme: Theme): void {
    for (const open of this.open.values()) open.retheme?.(theme);
  }

  /** What all views remember, by their ids. */
  get remembered(): Readonly<Record<string, unknown>> {
    for (const [id, open] of this.open) this.keep(id, open);
    return Object.fromEntries(this.kept);
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    for (const view of this.views) this.close(view);
  }

  private sync(views: readonly RegisteredView[]): void {
    // Closed first: what is opened may need what they held.
    for (const view of views) if (!this.isWanted(view)) this.close(view);
    for (const view of views) if (this.isWanted(view)) this.show(view);
  }

  private isWanted(view: RegisteredView): boolean {
    const { content, centre, covering } = this.panel.store.get();
    const summary = summaryIn(content);
    const isOpen = this.open.has(view.id);
    if (view.place === 'whole') {
      return covering?.view === view.id && summary !== null && isOffered(view, summary);
    }
    if (view.place === 'centre' && !isOpen && centre !== view.id) return false;
    if (view.offered === undefined) return true;
    // While there is nothing to look at, what was opened waits for what comes.
    return summary === null ? isOpen : isOffered(view, summary);
  }

  private show(view: RegisteredView): void {
    if (this.open.has(view.id)) return;
    const open = view.open(this.context, this.kept.get(view.id));
    this.open.set(view.id, open);
    this.events.opened(view, open);
    open.attached?.();
  }

  private close(view: RegisteredView): void {
    const open = this.open.get(view.id);
    if (open === undefined) return;
    this.keep(view.id, open);
    this.open.delete(view.id);
    open.dispose();
    open.element.remove();
    open.tools?.remove();
    this.events.closed(view, open);
  }

  private keep(id: string, open: OpenView): void {
    if (open.remember !== undefined) this.kept.set(id, open.remember());
  }
}

function summaryIn(content: PanelView['content']) {
  return content.kind === 'inspection' ? content.summary : null;
}

import './base.css';
import { Channel } from '../src/channel.js';
import type {
  PageMethods,
  PanelMethods,
  PanelNotices,
  PanelReports,
  PanelState,
  Step,
} from '../src/protocol.js';
import { perFrame, settled } from './dom.js';
import { useOfWebGL } from './draw/painter.js';
import { usualScale } from '../src/drawing/colors/choice.js';
import type { Target } from './draw/target.js';
import { connectHost } from './host.js';
import { isCancelled, Matrices } from './matrices.js';
import { reasonOf } from '../src/common/values.js';
import type { PanelChannel } from './panel.js';
import { Panel, summaryKey } from './panel.js';
import { Pictures } from './pictures.js';
import type { SavedPage } from './saved.js';
import { readSavedPage } from './saved.js';
import { readTheme, watchTheme } from './theme.js';
import { takeDrops } from './dropping.js';
import { Shell, standardWidths } from './views/shell/shell.js';
import { attachShortcuts } from './views/shell/shortcuts.js';
import type { RegisteredView, ViewContext } from './views/view.js';
import { canCover } from './views/view.js';

/** How long the page rests before it is saved where the user is, in milliseconds. */
const restBeforeSave = 200;

/** Connects the panel's page with the host and shows these views in it. Can be called once a page. */
export function startPage(views: readonly RegisteredView[]): void {
  const host = connectHost();
  const saved = readSavedPage(host.recall());
  const channel: PanelChannel = new Channel<PanelMethods, PanelReports, PageMethods, PanelNotices>(
    host,
    {
      pictures: () => pictures.methods.pictures(),
      picture: (asked, call) => pictures.methods.picture(asked, call),
      copyPicture: (look) => pictures.methods.copyPicture(look),
      html: (_, call) => pictures.methods.html(null, call),
    },
    {
      state: (state) => {
        show(state);
      },
      position: (moved) => {
        panel.follow(moved);
      },
      headTypes: (headTypes) => {
        panel.store.update({ headTypes });
      },
      progress: ({ message, fraction }) => {
        panel.progress(message, fraction);
      },
    },
  );
  const panel = new Panel(
    channel,
    saved?.location ?? null,
    (covering, summary) => canCover(views, covering, summary),
    usualScale(document.documentElement.dataset),
  );
  const { store } = panel;
  const matrices = new Matrices(panel);
  let theme = readTheme();
  const pictures = new Pictures(
    panel,
    matrices,
    () => shell.shown,
    () => theme,
  );

  const show = (state: PanelState): void => {
    if (state.kind === 'inspection') {
      host.identify(state.summary.id);
      matrices.bring(state.picture ?? null);
    }
    panel.show(state);
  };
  const reportError = (error: unknown): void => {
    if (!isCancelled(error)) channel.notify('error', { message: reasonOf(error) });
  };
  const save = settled(restBeforeSave, () => {
    const { summary } = panel;
    if (summary === null) return;
    const { position, covering, centre, origin, scale } = store.get();
    const page: SavedPage = {
      location: { summaryKey: summaryKey(summary), origin, position, covering, scale },
      centre,
      widths: shell.widths,
      views: shell.remembered,
    };
    host.remember(page);
  });
  const context: ViewContext = {
    panel,
    matrices,
    get theme() {
      return theme;
    },
    drawing: { webgl: useOfWebGL(document.documentElement.dataset['webgl']) },
    hover: hoverReports(panel),
    reportError,
    changed: save.ask,
  };

  const centred = views.filter(({ place }) => place === 'centre').map(({ id }) => id);
  const always = views.find(({ place, offered }) => place === 'centre' && offered === undefined)?.id;
  const centre = centred.find((id) => id === saved?.centre) ?? always ?? centred[0];
  if (centre !== undefined) store.update({ centre });
  const shell = new Shell({
    panel,
    pictures,
    views,
    context,
    remembered: saved?.views ?? {},
    widths: saved?.widths ?? standardWidths,
    returning: saved?.centre == null ? null : (saved.location?.summaryKey ?? null),
  });
  document.body.append(shell.element);
  attachShortcuts(panel, views);

  store.watch(
    ({ content }) => (content.kind === 'inspection' ? content.summary : null),
    () => {
      matrices.clear();
    },
  );
  store.watch(({ position }) => position, save.ask);
  store.watch((view) => view.centre, save.ask);
  store.watch(({ covering }) => covering, save.ask);
  store.watch(({ scale }) => scale, save.ask);
  takeDrops((dropped) => {
    channel.request('drop', dropped).catch(reportError);
  });
  watchTheme(() => {
    theme = readTheme();
    shell.retheme(theme);
  });
  window.addEventListener('error', ({ message }) => {
    channel.notify('error', { message });
  });
  window.addEventListener('unhandledrejection', ({ reason }) => {
    reportError(reason);
  });

  channel.request('ready', null).then(show, (error: unknown) => {
    panel.show({ kind: 'failed', message: reasonOf(error) });
  });
}

/** Tells the host what is pointed at, at most once a frame. */
function hoverReports(panel: Panel): ViewContext['hover'] {
  let hovered: { readonly target: Target; readonly step: Step } | null = null;
  const tell = perFrame(() => {
    const { layer, head } = panel.store.get().position;
    const axis = hovered?.step[hovered.target.kind === 'column' ? 'columns' : 'rows'].axis;
    if (hovered === null || (axis !== 'query' && axis !== 'key')) {
      panel.channel.notify('hover', null);
      return;
    }
    const { target } = hovered;
    const index = target.kind === 'cell' ? target.cell.row : target.index;
    panel.channel.notify('hover', { axis, index, layer, head });
  });
  return (target, step) => {
    hovered = target === null || step === null ? null : { target, step };
    tell();
  };
}

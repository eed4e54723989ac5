import {
  EventEmitter,
  l10n,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  window,
} from 'vscode';
import type { TreeDataProvider } from 'vscode';
import { shortened } from '../../common/strings.js';
import { Disposable } from '../base/disposable.js';
import { modelName } from '../models/model-path.js';
import { Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import { modelOf } from '../session/request.js';
import type { Remembered } from '../session/request.js';

type Group = { readonly kind: 'recent' };
type Entry = Session | Group | { readonly kind: 'past'; readonly past: Remembered };

/** The side panel's list of inspections: the open ones, and below them what was inspected before. */
export class InspectionsView extends Disposable implements TreeDataProvider<Entry> {
  private readonly emitter = this.own(new EventEmitter<void>());
  readonly onDidChangeTreeData = this.emitter.event;

  constructor(private readonly inspections: Sessions) {
    super();
    this.own(
      inspections.onDidChange(() => {
        this.emitter.fire();
      }),
    );
    this.own(window.createTreeView('attention-inspector.inspections', { treeDataProvider: this }));
  }

  getChildren(entry?: Entry): Entry[] {
    const { open, recent } = this.inspections;
    if (entry === undefined) return recent.length === 0 ? [...open] : [...open, { kind: 'recent' }];
    if (entry instanceof Session || entry.kind === 'past') return [];
    return recent.map((past) => ({ kind: 'past', past }));
  }

  getTreeItem(entry: Entry): TreeItem {
    if (entry instanceof Session) return openItem(entry, entry === this.inspections.active);
    if (entry.kind === 'past') return pastItem(entry.past);
    const item = new TreeItem(l10n.t('Recent'), TreeItemCollapsibleState.Expanded);
    item.id = 'recent';
    item.iconPath = new ThemeIcon('history');
    return item;
  }
}

function openItem(inspection: Session, active: boolean): TreeItem {
  const { summary, state, id, remembered } = inspection;
  const item = new TreeItem(inspection.label);
  item.id = `open:${id}`;
  item.contextValue = 'open';
  item.description =
    state.kind === 'failed'
      ? l10n.t('failed')
      : summary === undefined
        ? l10n.t('running …')
        : outlineOf(remembered, summary.mechanism.title);
  item.tooltip =
    state.kind === 'failed'
      ? state.message
      : [wholeOf(inspection.request), summary?.subtitle].filter(Boolean).join('\n\n');
  item.iconPath =
    state.kind === 'failed'
      ? new ThemeIcon('warning', new ThemeColor('list.warningForeground'))
      : new ThemeIcon(
          state.kind === 'busy' ? 'loading~spin' : active ? 'eye' : iconOf(inspection.request.kind),
        );
  item.command = opening(id);
  return item;
}

function pastItem(past: Remembered): TreeItem {
  const { id, label, request } = past;
  const item = new TreeItem(label);
  item.id = `past:${id}`;
  item.contextValue = 'past';
  item.description = outlineOf(past);
  item.tooltip = wholeOf(request);
  item.iconPath = new ThemeIcon(iconOf(request.kind));
  item.command = opening(id);
  return item;
}

/** What tells inspections of one text apart: the model, or what tensors were run through, and when. "all-MiniLM-L6-v2 · 14:05" */
function outlineOf({ request, time }: Pick<Remembered, 'request' | 'time'>, mechanism?: string): string {
  const model = modelOf(request);
  const own = request.kind === 'text' ? request.mechanism : undefined;
  const by = model === undefined ? mechanism : own === undefined ? modelName(model) : (mechanism ?? own);
  return [by, time === undefined ? undefined : momentText(new Date(time), new Date())]
    .filter((each) => each !== undefined)
    .join(' · ');
}

/** The hour of today, else the day. */
function momentText(moment: Date, now: Date): string {
  return moment.toDateString() === now.toDateString()
    ? moment.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
    : moment.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

/** All of a text, or where files are. */
function wholeOf(request: Remembered['request']): string {
  switch (request.kind) {
    case 'text':
      return request.texts.map((text) => shortened(text, 2000)).join('\n\n');
    case 'files':
      return request.uris.join('\n');
    case 'audio':
    case 'image':
      return [request.uri, ...(request.text === undefined ? [] : [shortened(request.text, 2000)])].join(
        '\n\n',
      );
    case 'tensors':
      return '';
  }
}

function opening(id: string): NonNullable<TreeItem['command']> {
  return { command: 'attention-inspector.openInspection', title: l10n.t('Open Inspection'), arguments: [id] };
}

function iconOf(kind: Remembered['request']['kind']): string {
  switch (kind) {
    case 'text':
      return 'quote';
    case 'audio':
      return 'unmute';
    case 'image':
      return 'file-media';
    case 'files':
    case 'tensors':
      return 'table';
  }
}

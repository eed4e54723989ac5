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
import { Disposable } from '../base/disposable.js';
import { Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
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
  const { summary, state, id } = inspection;
  const item = new TreeItem(inspection.label);
  item.id = `open:${id}`;
  item.contextValue = 'open';
  item.description = state.kind === 'failed' ? l10n.t('failed') : (what(inspection) ?? l10n.t('running …'));
  item.tooltip =
    state.kind === 'failed' ? state.message : [summary?.title, summary?.subtitle].filter(Boolean).join('\n');
  item.iconPath =
    state.kind === 'failed'
      ? new ThemeIcon('warning', new ThemeColor('list.warningForeground'))
      : new ThemeIcon(
          state.kind === 'busy' ? 'loading~spin' : active ? 'eye' : iconOf(inspection.request.kind),
        );
  item.command = opening(id);
  return item;
}

/** The model that read a text, or the mechanism that files were run through. */
function what({ summary, request }: Session): string | undefined {
  return request.kind === 'text' || request.kind === 'image' ? summary?.title : summary?.mechanism.title;
}

function pastItem({ id, label, request }: Remembered): TreeItem {
  const item = new TreeItem(label);
  item.id = `past:${id}`;
  item.contextValue = 'past';
  item.tooltip = tooltipOf(request) ?? label;
  item.iconPath = new ThemeIcon(iconOf(request.kind));
  item.command = opening(id);
  return item;
}

function opening(id: string): NonNullable<TreeItem['command']> {
  return { command: 'attention-inspector.openInspection', title: l10n.t('Open Inspection'), arguments: [id] };
}

/** Where the files are. */
function tooltipOf(request: Remembered['request']): string | undefined {
  if (request.kind === 'files') return request.uris.join('\n');
  return request.kind === 'image' ? request.uri : undefined;
}

function iconOf(kind: Remembered['request']['kind']): string {
  switch (kind) {
    case 'text':
      return 'quote';
    case 'image':
      return 'file-media';
    case 'files':
    case 'tensors':
      return 'table';
  }
}

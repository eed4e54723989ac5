import { l10n, NotebookCellStatusBarAlignment, NotebookCellStatusBarItem, notebooks } from 'vscode';
import type { NotebookCell, NotebookCellOutputItem, NotebookCellStatusBarItemProvider } from 'vscode';
import { Disposable } from '../base/disposable.js';
import { imageTypes } from './kept-media.js';

/** Below a notebook's cell whose output holds an image: an item that inspects it. */
export class CellOutputs extends Disposable implements NotebookCellStatusBarItemProvider {
  constructor() {
    super();
    this.own(notebooks.registerNotebookCellStatusBarItemProvider('*', this));
  }

  provideCellStatusBarItems(cell: NotebookCell): NotebookCellStatusBarItem[] {
    if (imagesOf(cell).length === 0) return [];
    const item = new NotebookCellStatusBarItem(
      l10n.t('$(eye) Inspect Image'),
      NotebookCellStatusBarAlignment.Right,
    );
    item.command = {
      command: 'attention-inspector.inspectCellImage',
      title: l10n.t('Inspect Image'),
      arguments: [cell],
    };
    item.tooltip = l10n.t('See where a vision model looks in the image of this output');
    return [item];
  }
}

/** The images among a cell's outputs, one of each output. */
export function imagesOf(cell: NotebookCell): readonly NotebookCellOutputItem[] {
  return cell.outputs.flatMap(
    ({ items }) => items.find(({ mime }) => imageTypes.includes(mime.toLowerCase())) ?? [],
  );
}

import { QuickPickItemKind } from 'vscode';
import type { QuickPickItem } from 'vscode';

/** A line in a quick pick, with what comes below it. */
export function separator(label: string): QuickPickItem {
  return { label, kind: QuickPickItemKind.Separator };
}

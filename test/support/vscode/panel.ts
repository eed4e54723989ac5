// What the tests of the user interface share: the panel as its user sees it.
import assert from 'node:assert/strict';
import type { Frame, Locator } from 'playwright-core';
import { colorsAt, middle } from '../page/pixels.js';
import type { Color } from '../page/pixels.js';
import { until } from '../until.js';
import type { Workbench } from './harness.js';

/** Longer than any run here, on a busy machine. */
export const patience = 40_000;

/** The panel that is on screen, once its heatmap is. */
export async function panel(workbench: Workbench): Promise<Frame> {
  const frame = await workbench.webview('.stage canvas.cells', patience);
  await frame.locator('.heads-cell').first().waitFor({ state: 'attached', timeout: patience });
  // The legend's upper end is written when the numbers have come.
  await frame.locator('.legend').getByText(/\d/).first().waitFor({ timeout: patience });
  return frame;
}

/** The colours of the matrix's cells as they are on screen, row by row. */
export async function cellColors(
  workbench: Workbench,
  frame: Frame,
  rows: number,
  columns: number,
): Promise<Color[][]> {
  const box = await frame.locator('canvas.cells').boundingBox();
  assert.ok(box !== null, 'there is no heatmap');
  const points = Array.from({ length: rows * columns }, (_, at) =>
    middle(box, rows, columns, Math.floor(at / columns), at % columns),
  );
  const reader = await workbench.page.context().newPage();
  try {
    const colors = await colorsAt(workbench.page, reader, points);
    return Array.from({ length: rows }, (_, row) => colors.slice(row * columns, (row + 1) * columns));
  } finally {
    await reader.close();
  }
}

/** Moves the mouse over a cell of an unzoomed matrix. */
export async function pointAt(
  workbench: Workbench,
  frame: Frame,
  size: number,
  row: number,
  column: number,
): Promise<void> {
  const box = await frame.locator('canvas.cells').boundingBox();
  assert.ok(box !== null, 'there is no heatmap');
  const { x, y } = middle(box, size, size, row, column);
  await workbench.page.mouse.move(x, y, { steps: 3 });
}

/** Puts the cursor into a line of the open editor. */
export async function clickLine(workbench: Workbench, text: string): Promise<void> {
  await line(workbench, text).click();
}

/** Selects a line of the open editor, however many rows it is wrapped to. */
export async function selectLine(workbench: Workbench, text: string): Promise<void> {
  await line(workbench, text).click({ clickCount: 3 });
}

export function line({ page }: Workbench, text: string): Locator {
  return page.locator('.editor-instance .view-line').filter({ hasText: text }).first();
}

/** The tabs that are open, by their titles. */
export async function tabs({ page }: Workbench): Promise<string[]> {
  const labels = await page.locator('.tabs-container .tab .monaco-icon-label-container').allInnerTexts();
  // A file's extension is an element of its own.
  return labels.map((label) => label.replaceAll('\n', ''));
}

export async function closeAllEditors(workbench: Workbench): Promise<void> {
  await workbench.command('View: Close All Editors');
  await until('an empty window', async () => (await tabs(workbench)).length === 0);
}

/** Nothing was refused by a content security policy, and nothing asked for anything outside this machine. */
export function assertSealed(workbench: Workbench): void {
  assert.deepEqual(workbench.violations, []);
  assert.deepEqual(workbench.outsideRequests, []);
}

/**
 * Waits for a notification, and gives its text. Under the driver that the tests use, VS Code shows no toasts of its own
 * accord, so the list of notifications is opened.
 */
export async function notification(workbench: Workbench, pattern: RegExp): Promise<string> {
  const { page } = workbench;
  const items = page.locator('.notification-list-item-message').filter({ hasText: pattern });
  const bell = page.locator('[id="status.notifications"] a');
  await until(`the notification ${String(pattern)}`, async () => {
    if ((await items.count()) > 0) return true;
    await bell.click({ timeout: 1000 });
    await items.first().waitFor({ timeout: 1500 });
    return true;
  });
  const text = await items.first().innerText();
  await workbench.command('Notifications: Clear All Notifications');
  return text;
}

/** Opens an element's context menu and chooses an item of it. */
export async function chooseFrom(workbench: Workbench, element: Locator, label: string): Promise<void> {
  const choose = await workbench.menuItem(element, label);
  await choose();
  await workbench.page.locator('.monaco-menu').waitFor({ state: 'hidden' });
}

/** The rows of the quick pick that is open. */
export function picks({ page }: Workbench): Locator {
  return page.locator('.quick-input-list .monaco-list-row').filter({ visible: true });
}

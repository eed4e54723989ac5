import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import type { Attention } from './attention.js';
import type { Opening, Stage } from './open.js';
import { painted, resting, story } from './open.js';
import type { Box } from './pixels.js';
import { colorsAt, middle } from './pixels.js';

/** An inspection that can be run through another mechanism too. */
export const several = { ...story, mechanisms: true };
export const at = { layer: 3, head: 7 };
export const picked = { ...at, step: 'weights', cell: { row: 10, column: 7 } };

/** All weights of a head. // [query][key] */
export function weights(attention: Attention, layer = 3, head = 7): number[][] {
  return Array.from({ length: 15 }, (_, query) => [...attention.row('weights', layer, head, query)]);
}

/** A number as a readout has it. */
export function written(value: number): string {
  return value.toFixed(3).replace('-', '−');
}

export const column = (page: Page, index: number): Locator => page.locator('.compare-column').nth(index);
export const asked = (page: Page): Promise<unknown[]> =>
  page.evaluate(() =>
    window.fakeHost.requests.flatMap(({ name, body }) => (name === 'compare' ? [body] : [])),
  );

/** Waits until nothing runs, and every column has its numbers or says why not. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const columns = [...document.querySelectorAll('.compare-column')];
    return (
      columns.length > 0 &&
      columns.every(
        (one) =>
          one.classList.contains('failed') ||
          (!one.classList.contains('renewing') && one.querySelector('.compare-metrics-table') !== null),
      )
    );
  });
  await resting(page);
}

export async function compare(stage: Stage, opening: Opening = {}): Promise<Page> {
  const page = await stage.open({ position: { ...at, step: 'weights' }, ...opening });
  await painted(page);
  await page.getByRole('button', { name: 'Compare' }).click();
  await settled(page);
  return page;
}

export async function box(where: Locator): Promise<Box> {
  const found = await where.boundingBox();
  assert.ok(found !== null, 'it is on screen');
  return found;
}

export const cells = (page: Page, index: number, row: 'weights' | 'difference'): Locator =>
  column(page, index).locator(`.row-${row} canvas.cells`);

/** The colours of all 15 × 15 cells of a picture. */
export async function colors(page: Page, reader: Page, where: Locator): ReturnType<typeof colorsAt> {
  await where.scrollIntoViewIfNeeded();
  // Away from the cross-hair, which is drawn over the cells.
  await page.mouse.move(2, 2);
  await resting(page);
  const frame = await box(where);
  return colorsAt(
    page,
    reader,
    Array.from({ length: 225 }, (_, index) => middle(frame, 15, 15, Math.floor(index / 15), index % 15)),
  );
}

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Subject } from './answers.js';
import type { Opening, Stage } from './open.js';
import { painted, resting, story } from './open.js';
import type { Box, Point } from './pixels.js';
import type { Recording } from './sound.js';
import { frameCount, queryCount } from './sound.js';

const said = [
  { text: ' one', start: 0.2, end: 0.56 },
  { text: ' two', start: 0.7, end: 1.1 },
  { text: ' three', start: 1.3, end: 1.84 },
  { text: ' twenty', start: 2.1, end: 2.62 },
  { text: ' May', start: 2.8, end: 3.2 },
];

/** All of it is heard. */
export const recording: Recording = {
  duration: 3.6,
  heard: { start: 0, end: 3.6 },
  most: 30,
  pitch: 0.02,
  said,
  heads: [
    { layer: 0, head: 1 },
    { layer: 1, head: 2 },
  ],
};

/** A part in the middle of a longer one. */
export const partly: Recording = {
  ...recording,
  duration: 95,
  heard: { start: 30, end: 33.6 },
  said: said.map(({ text, start, end }) => ({ text, start: start + 30, end: end + 30 })),
};

/** The same, with silence behind it as far as the model's window goes. */
export const padded: Recording = { ...partly, most: 6, padded: true };

export function soundSubject(sound: Recording, more: Partial<Subject> = {}): Subject {
  return {
    ...story,
    ...{ title: 'numbers.wav', layers: 2, heads: 4, words: null, sound, diagonal: 2 },
    ...{ keys: frameCount(sound), queries: queryCount(sound) },
    ...more,
  };
}

export const soundPosition = { layer: 1, head: 2, step: 'weights' };

export async function openSound(stage: Stage, opening: Opening = {}): Promise<Page> {
  const page = await stage.open({ subject: soundSubject(recording), position: soundPosition, ...opening });
  await painted(page);
  await resting(page);
  return page;
}

export async function boxOf(page: Page, selector: string): Promise<Box> {
  const box = await page.locator(selector).first().boundingBox();
  assert.ok(box !== null, `there is no ${selector}`);
  return box;
}

/** The matrix in the page; its sides are those of the time axis. */
export function matrixOf(page: Page): Promise<Box> {
  return boxOf(page, '.sound-cells');
}

/** The middle of a cell of an unzoomed matrix of so many tokens and frames. */
export async function cellAt(page: Page, of: Subject, row: number, column: number): Promise<Point> {
  const { x, y, width, height } = await matrixOf(page);
  return { x: x + ((column + 0.5) / of.keys) * width, y: y + ((row + 0.5) / of.queries) * height };
}

/** A moment in the waveform, where all of a recording of so many seconds is seen, so far below its upper edge. */
export async function waveAt(page: Page, time: number, down = 20, of = 3.6): Promise<Point> {
  const [{ x, width }, { y }] = await Promise.all([matrixOf(page), boxOf(page, '.sound-surface')]);
  return { x: x + (time / of) * width, y: y + down };
}

/** Where the page went last, as it told the host. */
export function placeOf(page: Page): Promise<unknown> {
  return page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'position')?.body);
}

/** What was asked of the host by a method. */
export function asked(page: Page, method: string): Promise<unknown[]> {
  return page.evaluate(
    (wanted) => window.fakeHost.requests.flatMap(({ name, body }) => (name === wanted ? [body] : [])),
    method,
  );
}

/** What the view says of what is pointed at or picked. */
export async function readOf(page: Page): Promise<string> {
  return (await page.locator('.sound-read').innerText()).replaceAll(/\s+/g, ' ').trim();
}

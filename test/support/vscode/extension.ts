// What the tests inside the extension host share.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { extensions } from 'vscode';
import type { Extension } from 'vscode';
import type { AttentionInspectorApi } from '../../../src/host/api.js';
import type { OpenInspection } from '../../../src/library/index.js';

export function extension(): Extension<AttentionInspectorApi> {
  const found = extensions.getExtension<AttentionInspectorApi>('attention-inspector.attention-inspector');
  assert.ok(found !== undefined, 'the extension is not installed');
  return found;
}

export async function api(): Promise<AttentionInspectorApi> {
  return extension().activate();
}

/** A file of the sample workspace, as the project keeps it. */
export function sample(name: string): string {
  return join(extension().extensionPath, 'media', 'sample', name);
}

interface Reference {
  readonly weights: readonly (readonly number[])[];
  readonly output: readonly (readonly number[])[];
}

/** What PyTorch makes of the sample's Q, K and V, in float64. */
export function pytorch(): { readonly none: Reference; readonly causal: Reference } {
  // This runs from out/test/vscode/api; the extension under test is elsewhere.
  const path = join(__dirname, '../../../../test/fixtures/vscode/sample.json');
  return JSON.parse(readFileSync(path, 'utf8')) as ReturnType<typeof pytorch>;
}

/** One step's whole matrix, row by row. */
export async function matrix(
  inspection: OpenInspection,
  step: string,
  place: { readonly layer?: number; readonly head?: number } = {},
): Promise<number[][]> {
  const { shape, data } = await inspection.slice(step, place);
  const [rows = 0, columns = 0] = shape;
  assert.equal(data.length, rows * columns);
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]);
}

export function assertClose(
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  tolerance = 1e-5,
): void {
  assert.deepEqual(
    actual.map((row) => row.length),
    expected.map((row) => row.length),
    'the matrices have different shapes',
  );
  for (const [row, line] of expected.entries()) {
    for (const [column, wanted] of line.entries()) {
      const got = actual[row]?.[column] ?? NaN;
      // A masked weight is NaN here and 0 with PyTorch: nothing is attended to.
      const value = Number.isNaN(got) ? 0 : got;
      assert.ok(Math.abs(value - wanted) <= tolerance, `[${row}, ${column}] is ${got}, not ${wanted}`);
    }
  }
}

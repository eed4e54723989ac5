import { spawnSync } from 'node:child_process';
import type { Table } from './table.js';

const megabyte = 2 ** 20;

/** What one process measured. */
export interface Measured {
  readonly times: readonly number[];
  /** The most bytes that the process took, reading the model included; undefined where the system does not tell. */
  readonly peak?: number | undefined;
}

export function print(table: Table, row: string, measured: Measured | string): void {
  if (typeof measured === 'string') {
    table.missing(row, measured);
    return;
  }
  table.median(row, measured.times, 'ms');
  const what = '    peak memory of its process, reading the model included';
  if (measured.peak === undefined) table.missing(what, 'only told on Linux');
  else table.figure(what, measured.peak / megabyte, 'MB');
}

/** What a script of ours prints in PyTorch, where there is a Python that has it; or why not. @param given what it reads as JSON */
export function inPython(script: string, given: object): Measured | string {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], {
    encoding: 'utf8',
    timeout: 600_000,
    input: JSON.stringify(given),
  });
  if (status === null) return 'no python3 here that ends in time';
  if (status !== 0)
    return /ModuleNotFoundError/.test(stderr)
      ? 'no python3 with torch and transformers here'
      : (stderr.trim().split('\n').at(-1) ?? 'failed');
  // Each script prints exactly this as its last line.
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured;
}

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where waiting for a time is what is meant, and why. */
const exempt: Readonly<Record<string, string>> = {
  'test/support/until.ts': 'the one place that looks again after a pause',
  'test/bench/vscode.bench.ts': 'a measurement begins when the machine has been at rest for a while',
  'test/support/page/fake-host.ts': 'a host that is slow to answer',
};

interface Finding {
  readonly line: number;
  readonly what: string;
}

/** What a file waits for in a way that is slow, or hides that something fails. */
function findings(source: string): Finding[] {
  // Comments and what stands between quotes become spaces, so that offsets stay.
  const code = source.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g,
    (match) => match.replace(/[^\n]/g, ' '),
  );
  const patterns: readonly (readonly [string, RegExp])[] = [
    ['waits for a fixed time', /\.waitForTimeout\s*\(/g],
    [
      'waits for a fixed time',
      /new Promise(?:<[^>]*>)?\s*\(\s*\(?\s*(\w+)[^)]*?\)?\s*=>\s*\{?\s*(?:void\s+)?(?:window\.)?setTimeout\s*\(\s*(?:\(\)\s*=>\s*\{?\s*)?\1\b/g,
    ],
    ['waits for a fixed time', /\bscheduler\s*\.\s*wait\s*\(|\bAtomics\s*\.\s*wait\s*\(/g],
    ['has no end of its own', /\bwhile\s*\(\s*(?:true|1)\s*\)|\bfor\s*\(\s*;[^;]*;\s*\)/g],
    ['tries again what failed', /\.retries\s*\(|\bretries\s*:\s*[1-9]/g],
  ];
  const found = patterns.flatMap(([what, pattern]) =>
    [...code.matchAll(pattern)].map(({ index }) => ({ what, index })),
  );
  for (const { index } of code.matchAll(/\bwhile\s*\(/g)) {
    const [condition, end] = enclosed(code, code.indexOf('(', index));
    const after = code.slice(end);
    const body = /^\s*\{/.test(after) ? enclosed(code, code.indexOf('{', end))[0] : after.split(';')[0];
    // What is awaited may never come about; the only loop that looks again has a deadline.
    const bounded =
      /Date\.now\(\)/.test(condition) || (!/\bawait\b/.test(condition) && /\.length\b/.test(condition));
    if (/\bawait\b/.test(`${condition} ${body ?? ''}`) && !bounded)
      found.push({ what: 'has no end of its own', index });
  }
  if (/['"](?:node:)?timers\/promises['"]/.test(source.replace(/\/\/[^\n]*/g, '')) && /^import/m.test(source))
    for (const { index } of source.matchAll(/^import[^;]*['"](?:node:)?timers\/promises['"]/gm))
      found.push({ what: 'waits for a fixed time', index });
  return found.map(({ what, index }) => ({ what, line: source.slice(0, index).split('\n').length }));
}

/** What stands in a pair of brackets, and where that ends. */
function enclosed(code: string, start: number): [string, number] {
  const pairs: Readonly<Record<string, string>> = { '(': ')', '{': '}' };
  const open = code[start] ?? '';
  const close = pairs[open];
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    if (code[at] === open) depth++;
    else if (code[at] === close && --depth === 0) return [code.slice(start + 1, at), at + 1];
  }
  return [code.slice(start), code.length];
}

const below = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|mjs|cjs)$/.test(path))
    .map((path) => join(folder, path).replaceAll('\\', '/'))
    .filter((path) => !path.includes('/node_modules/'));

describe('how tests wait', () => {
  it('is for what is meant: no fixed time, no loop without an end, nothing tried again', () => {
    const paths = [...below('test'), 'scripts/test.mjs'].filter(
      (path) => exempt[path] === undefined && path !== 'test/unit/waiting.test.ts',
    );
    assert.ok(paths.length > 150, 'the tests were not found');
    assert.deepEqual(
      paths.flatMap((path) =>
        findings(readFileSync(path, 'utf8')).map(({ line, what }) => `${path}:${line} ${what}`),
      ),
      [],
    );
  });

  it('is exempt only where there is something to exempt', () => {
    assert.deepEqual(
      Object.keys(exempt).filter((path) => findings(readFileSync(path, 'utf8')).length === 0),
      [],
    );
  });

  it('is read from the code: each of these is found', () => {
    for (const source of [
      'await page.waitForTimeout(100);',
      'await new Promise((resolve) => setTimeout(resolve, 300));',
      'await new Promise<void>((done) => { setTimeout(done, 300); });',
      'await new Promise((done) => setTimeout(() => done(), delay));',
      "import { setTimeout as sleep } from 'node:timers/promises';",
      'for (;;) look();',
      'while (true) { look(); }',
      'while (!(await isSo())) look();',
      'while (more) { await look(); }',
      'while ((await asked()).length === before) look();',
      'this.retries(2);',
      'const mocha = { retries: 1 };',
    ])
      assert.equal(findings(source).length > 0, true, source);
    for (const source of [
      '// await page.waitForTimeout(100);',
      "const words = 'while (true)';",
      'const timer = setTimeout(() => give(why), limit);',
      'while (Date.now() < end) await look();',
      'while (said.length < 5) said.push(await next());',
      'while (rest > 0) rest = step(rest);',
      'for (let at = 0; at < 3; at++) await look();',
      'const options = { retries: 0 };',
    ])
      assert.deepEqual(findings(source), [], source);
  });
});

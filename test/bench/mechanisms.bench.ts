import { spawnSync } from 'node:child_process';
import { program } from '../../src/engine/explain.js';
import { mechanisms, withValues, type ParameterValues } from '../../src/engine/mechanisms/index.js';
import { sizeOf, type Shape, type Tensor } from '../../src/engine/tensor.js';
import { inspectTensors } from '../../src/inspection/index.js';
import { Runtime } from '../../src/runtime/session.js';
import { normal } from './numbers.js';
import { benchmark } from './table.js';
import { platform } from '../support/platform.js';

const d = 64;
const times = 3;

/** What a screen shows of a large matrix. */
const pool = { rows: 1024, columns: 1024 };

/** The most that a single value may take where a graph or a program runs whole. */
const most = 2 ** 31;

type Shapes = Readonly<Record<string, Shape>>;

/** One of each mechanism, with n queries and n keys. */
const tried: Readonly<Record<string, (n: number) => readonly [Shapes, ParameterValues]>> = {
  'scaled-dot-product': (n) => [{ Q: [n, d], K: [n, d] }, {}],
  'multi-head': (n) => [{ X: [n, d], W_Q: [d, d], W_K: [d, d], W_V: [d, d] }, {}],
  hard: (n) => [{ Q: [n, d], K: [n, d] }, { choice: 'sample' }],
  bahdanau: (n) => [{ S: [n, d], H: [n, d], W_a: [d, d], U_a: [d, d], v_a: [d] }, {}],
  luong: (n) => [{ S: [n, d], H: [n, d], W_a: [d, d] }, {}],
  'luong-local': (n) => [{ S: [n, d], H: [n, d], W_a: [d, d], W_p: [d, d], v_p: [d] }, {}],
  linear: (n) => [{ Q: [n, d], K: [n, d] }, {}],
};

void benchmark(`Weights of every mechanism, d = ${d}`, async (table) => {
  for (const n of [512, 4096]) {
    for (const mechanism of mechanisms) {
      const found = tried[mechanism.id]?.(n);
      if (found === undefined) {
        table.missing(`n = ${n}, ${mechanism.id}`, 'no inputs in test/bench/mechanisms.bench.ts');
        continue;
      }
      const [shapes, params] = found;
      const row = (what: string): string => `n = ${n}, ${mechanism.id}, ${what}`;
      const numbers = Object.fromEntries(
        Object.entries(shapes).map(([name, shape], seed) => [
          name,
          // Small enough that additive scores do not saturate.
          { shape: [...shape], data: normal(sizeOf(shape), seed + 1).map((each) => each / 8) },
        ]),
      );

      const inspection = await inspectTensors(numbers, { mechanism: mechanism.id, params });
      const shown = n > pool.rows ? { pool } : {};
      const size = n > pool.rows ? 'seen as 1024 × 1024 maxima' : 'whole';
      await table.time(row(`this engine, ${size}`), () => inspection.slice('weights', shown), times);
      await inspection.dispose();

      const values = withValues(mechanism.parameters(shapes), params);
      const graph = mechanism.build(
        shapes,
        Object.fromEntries(values.map(({ name, value }) => [name, value])),
      );
      const end = graph.steps.findIndex(({ label }) => label?.name === 'weights');
      const steps = graph.steps.slice(0, end + 1);
      const largest = Math.max(...steps.map(({ shape }) => 4 * sizeOf(shape)));
      if (largest > most) {
        for (const what of ['ONNX Runtime in one run', 'NumPy', 'PyTorch'])
          table.missing(row(what), `one step alone takes ${(largest / 1e9).toFixed(1)} GB`);
        continue;
      }
      const feeds = new Map([...graph.inputs].map(([name, leaf]) => [leaf, given(numbers, name)]));
      const runtime = new Runtime(platform);
      await table.time(
        row('ONNX Runtime in one run, whole'),
        () => runtime.run(steps.slice(-1), feeds),
        times,
      );
      await runtime.dispose();
      for (const language of ['numpy', 'pytorch'] as const) {
        const name = language === 'numpy' ? 'NumPy' : 'PyTorch';
        const taken = python(program(steps, language), shapes);
        if (typeof taken === 'string') table.missing(row(name), taken);
        else table.median(row(`${name}, the printed program, whole`), taken, 'ms');
      }
    }
  }
});

function given(numbers: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = numbers[name];
  if (found === undefined) throw new Error(`There are no numbers for ${name}.`);
  return found;
}

/** Milliseconds of a program, on random numbers in the place of its files; or why it cannot run. */
function python(text: string, shapes: Shapes): number[] | string {
  const script = `
import json, sys, time
import numpy as np
given = json.load(sys.stdin)
rng = np.random.default_rng(1)
files = {f"{name}.npy": (rng.standard_normal(shape) / 8).astype(np.float32) for name, shape in given["shapes"].items()}
np.load = lambda name: files[name]
code = compile(given["program"], "program", "exec")
times = []
for _ in range(${times + 1}):
    begun = time.perf_counter()
    exec(code, {})
    times.append((time.perf_counter() - begun) * 1000)
print(json.dumps(times[1:]))
`;
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], {
    encoding: 'utf8',
    timeout: 300_000,
    input: JSON.stringify({ program: text, shapes }),
  });
  if (status === null) return 'no python3 here that ends in time';
  if (status !== 0)
    return /ModuleNotFoundError/.test(stderr)
      ? 'not installed'
      : (stderr.trim().split('\n').at(-1) ?? 'failed');
  // The script above prints exactly this.
  return JSON.parse(stdout) as number[];
}

import assert from 'node:assert/strict';
import katex from 'katex';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { definition, explain, latex, program } from '../../../../src/engine/explain.js';
import type { Value } from '../../../../src/engine/graph.js';
import { mechanisms, type AttentionGraph } from '../../../../src/engine/mechanisms/index.js';
import { cellRegion, cut, type Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { build } from '../../../support/engine/cases.js';
import { random } from '../../../support/engine/numbers.js';
import { everyInput, everyVariant, numbersFor } from '../../../support/engine/variants.js';
import { platform } from '../../../support/platform.js';

const strict = { throwOnError: true, strict: 'error', displayMode: true } as const;

type Given = ReadonlyMap<Value, Tensor>;

describe('every mechanism with every value of every parameter', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());
  const [tried, offered] = [new Set<string>(), new Set<string>()];

  for (const { id, parameters: of, inputs } of mechanisms) {
    for (const shapes of everyInput[id] ?? []) {
      for (const name of Object.keys(shapes)) tried.add(`${id}: input ${name}`);
      const parameters = of(shapes);
      for (const each of parameters) {
        if (each.kind === 'number') offered.add(`${id}: ${each.name}`);
        else if (each.kind === 'choice') for (const { value } of each.choices) offered.add(`${id}: ${each.name} ${value}`);
      }
      describe(`${id} of ${Object.keys(shapes).join(', ')}`, () => {
        for (const values of everyVariant(parameters, shapes)) {
          for (const [name, value] of Object.entries(values))
            tried.add(typeof value === 'number' ? `${id}: ${name}` : `${id}: ${name} ${value}`);
          it(JSON.stringify(values), async () => {
            const graph = build(id, shapes, values);
            const next = random(21);
            const given = new Map(
              [...graph.inputs].map(([name, leaf]) => [leaf, numbersFor(name, leaf.shape, next)]),
            );
            await runsAlike(graph, given, runtime);
            typesets(graph);
            await explains(graph, given, next);
          });
        }
      });
    }
    for (const { name } of inputs) offered.add(`${id}: input ${name}`);
  }

  it('leaves nothing out', () => {
    assert.deepEqual(Object.keys(everyInput).toSorted(), mechanisms.map(({ id }) => id).toSorted());
    assert.deepEqual(
      [...offered].filter((each) => !tried.has(each)),
      [],
    );
  });
});

/**
 * Each step comes to the same in float32 and in float64, from the steps before it as they ran: logits of a million have no
 * more than two digits behind the point in float32, which is not for the softmax to answer for.
 */
async function runsAlike({ steps }: AttentionGraph, given: Given, runtime: Runtime): Promise<void> {
  const ran = await runtime.run(steps, given);
  const known = new Map<Value, Tensor>(given);
  for (const [at, step] of steps.entries()) {
    const [expected] = evaluate([step], known);
    const found = ran[at];
    assert.ok(expected && found);
    const size = Math.max(1, ...[...expected.data].map(Math.abs).filter(Number.isFinite));
    expected.data.forEach((value, place) => {
      const own = found.data[place] ?? Number.NaN;
      const what = `${step.label?.name ?? ''}[${place}] is ${own}, not ${value}`;
      assert.ok(Object.is(own, value) || own === value || Math.abs(own - value) <= 1e-5 * size, what);
    });
    known.set(step, found);
  }
}

/** Formulas that KaTeX has taken. */
const typeset = new Set<string>();

function assertTypesets(tex: string): void {
  if (!typeset.has(tex)) katex.renderToString(tex, strict);
  typeset.add(tex);
}

/** Formulas that KaTeX takes, and programs that say how to come by every step. */
function typesets({ steps }: AttentionGraph): void {
  for (const step of steps) assertTypesets(definition(step));
  assertTypesets(latex(steps));
  for (const language of ['numpy', 'pytorch'] as const) {
    const text = program(steps, language);
    for (const { label } of steps) assert.match(text, new RegExp(`^${label?.name} = .*# \\(`, 'm'));
    assert.doesNotMatch(text, /undefined|NaN|Infinity|null|\[object/);
  }
}

/** Cells whose arithmetic comes to the number that ran. */
async function explains({ steps }: AttentionGraph, given: Given, next: () => number): Promise<void> {
  const known = new Map<Value, Tensor>(given);
  const whole = (value: Value): Tensor => {
    const found = known.get(value) ?? evaluate([value], known)[0];
    assert.ok(found);
    known.set(value, found);
    return found;
  };
  for (const step of steps) {
    const tensor = whole(step);
    for (let attempt = 0; attempt < 2; attempt++) {
      const index = step.shape.map((extent) => Math.floor(next() * extent));
      const cell = cut(tensor, cellRegion(index)).data[0] ?? Number.NaN;
      const { tex, value, sums } = await explain(step, index, (from, region) =>
        Promise.resolve(cut(whole(from), region)),
      );
      const close = Math.abs(value - cell) <= 1e-9 * Math.max(1, Math.abs(cell));
      const what = `${step.label?.name ?? ''}[${index.join()}] is explained as ${value}, but is ${cell}`;
      assert.ok(Object.is(value, cell) || value === cell || close, what);
      for (const text of [tex, ...sums.flatMap(({ columns }) => columns.map((column) => column.tex))])
        assertTypesets(text);
      assert.doesNotMatch(tex, /undefined|NaN|Infinity|null|\de[+-]/);
    }
  }
}

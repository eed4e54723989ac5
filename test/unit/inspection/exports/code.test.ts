import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import katex from 'katex';
import { assertClose, tensorNamed, tensorsIn, type Tensors } from '../../../support/models/expected.js';
import { exported, programCases, scopesOf, type Opened } from '../../../support/inspection/export-cases.js';

const kept = join(process.cwd(), 'test/fixtures/inspection/exports');
const results = join(process.cwd(), 'test/fixtures/inspection/exports.safetensors');

function opened(name: string): Promise<Opened> {
  const open = programCases[name];
  assert.ok(open, `There is no case ${name}.`);
  return open();
}

describe('exported code', () => {
  let ran: Tensors;
  before(async () => {
    ran = await tensorsIn(results);
  });

  for (const [name, open] of Object.entries(programCases)) {
    it(`is what ran, and came to the weights: ${name}`, async () => {
      const { inspection, dispose } = await open();
      try {
        const { id, heads, layers, steps } = inspection.summary;
        const strict = { throwOnError: true, strict: 'error', displayMode: true } as const;
        for (const { tex } of steps) katex.renderToString(tex, strict);
        for (const [part, scope] of Object.entries(scopesOf(inspection))) {
          for (const exporter of ['numpy', 'pytorch']) {
            const stem = `${name}.${part}.${exporter}`;
            const files = await exported(inspection, { exporter, scope, name: stem });
            assert.deepEqual([...files.keys()], [`${stem}.py`, `${stem}.npz`]);
            const text = String(files.get(`${stem}.py`));
            const program = readFileSync(join(kept, `${stem}.py`), 'utf8');
            assert.equal(text, program, 'run print_exports.ts and read_exports.py anew');
            const which =
              heads === 1
                ? 'its only head'
                : part !== 'head'
                  ? `all ${heads} heads`
                  : `head ${heads - 1} of 0–${heads - 1} alone`;
            const layer = Number(scope.layer);
            assert.ok(
              text.startsWith(`# Layer ${layers === 1 ? '0' : `${layer} of 0–${layers - 1}`}, ${which}: `),
              text.slice(0, 80),
            );
            // What changes nothing is no line.
            assert.doesNotMatch(text, /^(scaled|capped|biased|windowed|masked) = \w+ {2}#/m);
            const { shape, data } = tensorNamed(ran, `${stem}.py`);
            const first = part === 'head' ? heads - 1 : 0;
            const [n = 0, m = 0] = shape.slice(-2);
            assert.equal(data.length, (part === 'head' ? 1 : heads) * n * m);
            for (let head = first; head < heads; head++) {
              const own = await inspection.slice({
                inspection: id,
                step: 'weights',
                layer,
                head,
              });
              const start = (head - first) * n * m;
              const numbers = own.data.map((weight) => (Number.isNaN(weight) ? 0 : weight));
              assertClose(
                { shape: own.shape, data: numbers },
                { shape: [n, m], data: data.slice(start, start + n * m) },
                1e-5,
                `${stem}, head ${head}`,
              );
            }
          }
        }
      } finally {
        await dispose();
      }
    });
  }

  it('is kept for no case but these', async () => {
    const stems = new Set(
      readdirSync(kept).flatMap((file) => /^(.*)\.(?:all|head|layer-\d+)\.\w+\.py$/.exec(file)?.[1] ?? []),
    );
    assert.deepEqual([...stems].toSorted(), Object.keys(programCases).toSorted());
  });

  it('is the same on the clipboard, and says what it loads', async () => {
    const { inspection, dispose } = await opened('dot-product-heads');
    try {
      const all = inspection.code({ language: 'numpy', scope: { layer: 0, head: 'all' } });
      assert.match(
        all,
        /^# Layer 0, all 3 heads: .*\n# Loads Q\.npy, K\.npy, V\.npy from the working folder/,
      );
      assert.match(all, /^Q = np\.load\("Q\.npy"\) {2}# \(head 3, query 5, feature 4\)$/m);
      const one = inspection.code({ language: 'pytorch', scope: { layer: 0, head: 1 } });
      assert.match(one, /^# Layer 0, head 1 of 0–2 alone: /);
      assert.match(one, /^Q = .*# \(head 1, query 5, feature 4\)$/m);
    } finally {
      await dispose();
    }
  });

  it('as TeX is typeset, of one head without what mixes heads', async () => {
    const { inspection, dispose } = await opened('multi-head-groups');
    try {
      const tex = (head: number | 'all'): string =>
        inspection.code({ language: 'latex', scope: { layer: 0, head } });
      const strict = { throwOnError: true, strict: 'error', displayMode: true } as const;
      for (const head of [0, 3, 'all'] as const) {
        const text = tex(head);
        assert.match(text, head === 'all' ? /^% .*, all 4 heads: / : /^% .*, head \d of 0–3 alone: /);
        katex.renderToString(text.slice(text.indexOf('\n') + 1), strict);
      }
      assert.match(tex('all'), /\\operatorname\{Concat\}/);
      assert.doesNotMatch(tex(2), /Concat/);
    } finally {
      await dispose();
    }
  });
});

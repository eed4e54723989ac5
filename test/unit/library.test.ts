import assert from 'node:assert/strict';
import { createLibrary, RolesNeeded } from '../../src/library/index.js';
import type { Answering, Asked, InspectOptions } from '../../src/library/index.js';

/** Notes what it is asked. Answers are of no interest here: that both ways give the right ones is tested where they are. */
function recording() {
  const asked: [method: string, ...given: unknown[]][] = [];
  const note =
    (method: string) =>
    (...given: unknown[]): Promise<never> => {
      asked.push([method, ...given.filter((each) => each !== undefined)]);
      return Promise.reject(new Error('noted'));
    };
  const inspection: Answering = {
    get summary(): never {
      throw new Error('noted');
    },
    slice: note('slice'),
    arithmetic: note('arithmetic'),
    metrics: note('metrics'),
    findings: note('findings'),
    plot: note('plot'),
    code: note('code'),
    exporters: note('exporters'),
    export: (...given) => {
      asked.push(['export', ...given]);
      return (async function* () {})();
    },
    continue: note('continue'),
    candidates: note('candidates'),
    classes: note('classes'),
    preview: note('preview'),
    alignment: note('alignment'),
    rankHeads: note('rankHeads'),
    waveform: note('waveform'),
    spectrogram: note('spectrogram'),
    samples: note('samples'),
    change: note('change'),
    dispose: () => {
      asked.push(['dispose']);
      return Promise.resolve();
    },
  };
  const opened: [Asked<string>, InspectOptions][] = [];
  const library = createLibrary<string, object>((what, options) => {
    opened.push([what, options]);
    return Promise.resolve(inspection);
  });
  return { asked, opened, library };
}

const noted = { message: 'noted' };

describe('The library', () => {
  it('asks for one text or two, files one or many, and tensors', async () => {
    const { library, opened } = recording();
    const tensors = { Q: { shape: [1, 1], data: Float32Array.of(1) } };
    const signal = new AbortController().signal;
    await library.inspectText('a');
    await library.inspectText('a', { second: 'b', model: 'folder', mechanism: 'bahdanau' });
    await library.inspectImage('a.png');
    await library.inspectImage('a.png', { model: 'folder', text: 'a cat' });
    await library.inspectAudio('a.wav', { model: 'folder' });
    await library.inspectAudio('a.wav', { model: 'folder', text: 'a cat' });
    await library.inspectFiles('Q.npy');
    await library.inspectFiles(['Q.npy', 'K.npy'], { roles: { Q: 'K' }, signal });
    await library.inspectTensors(tensors, { mechanism: 'linear', params: { mask: 'causal' } });
    assert.deepEqual(
      opened.map(([what]) => what),
      [
        { kind: 'text', texts: ['a'] },
        { kind: 'text', texts: ['a', 'b'], model: 'folder', mechanism: 'bahdanau' },
        { kind: 'image', file: 'a.png' },
        { kind: 'image', file: 'a.png', text: 'a cat', model: 'folder' },
        { kind: 'audio', file: 'a.wav', model: 'folder' },
        { kind: 'audio', file: 'a.wav', text: 'a cat', model: 'folder' },
        { kind: 'files', files: ['Q.npy'] },
        { kind: 'files', files: ['Q.npy', 'K.npy'], roles: { Q: 'K' } },
        { kind: 'tensors', tensors, mechanism: 'linear' },
      ],
    );
    assert.equal(opened[7]?.[1].signal, signal);
    assert.deepEqual(opened[8]?.[1].params, { mask: 'causal' });
  });

  it('takes a cell by name or as numbers, from the last axis on', async () => {
    const { library, asked } = recording();
    const inspection = await library.inspectText('a');
    const cells = [[3, 1], [2, 3, 1], [5, 2, 3, 1], { row: 3, column: 1 }, { row: 3, column: 1, head: 2 }];
    for (const cell of cells) await assert.rejects(inspection.arithmetic('weights', cell), noted);
    const at = (layer: number, head: number) => ({ step: 'weights', layer, head, row: 3, column: 1 });
    assert.deepEqual(
      asked.map(([, cell]) => cell),
      [at(0, 0), at(0, 2), at(5, 2), at(0, 0), at(0, 2)],
    );
  });

  it('takes a part of a matrix as pairs or by name, of the first layer and head where left out', async () => {
    const { library, asked } = recording();
    const inspection = await library.inspectText('a');
    const rows = { start: 1, end: 3 };
    const signal = new AbortController().signal;
    await assert.rejects(inspection.slice('scores'), noted);
    await assert.rejects(inspection.slice('scores', { rows: [1, 3], columns: rows, head: 2, signal }), noted);
    await assert.rejects(inspection.slice('scores', { pool: { rows: 2, columns: 2 } }), noted);
    assert.deepEqual(asked, [
      ['slice', { step: 'scores', layer: 0, head: 0 }],
      ['slice', { step: 'scores', layer: 0, head: 2, rows, columns: rows }, signal],
      ['slice', { step: 'scores', layer: 0, head: 0, pool: { by: 'max', rows: 2, columns: 2 } }],
    ]);
  });

  it('asks for classes and for a picture of the first image, or of a named one', async () => {
    const { library, asked } = recording();
    const inspection = await library.inspectImage('a.png');
    await assert.rejects(inspection.classes(), noted);
    await assert.rejects(inspection.classes(3), noted);
    // The first image is that of the summary.
    await assert.rejects(inspection.preview(), noted);
    await assert.rejects(inspection.preview({ side: 64, medium: 'image-1' }), noted);
    assert.deepEqual(asked, [
      ['classes', { count: 10 }],
      ['classes', { count: 3 }],
      ['preview', { medium: 'image-1', side: 64 }],
    ]);
  });

  it('asks for the findings of the first head of the first layer where they are left out', async () => {
    const { library, asked } = recording();
    const inspection = await library.inspectText('a');
    await assert.rejects(inspection.findings(), noted);
    await assert.rejects(inspection.findings({ layer: 1, head: 2 }), noted);
    assert.deepEqual(asked, [
      ['findings', { layer: 0, head: 0 }],
      ['findings', { layer: 1, head: 2 }],
    ]);
  });

  it('is disposed of once', async () => {
    const { library, asked } = recording();
    const inspection = await library.inspectText('a');
    await Promise.all([inspection.dispose(), inspection.dispose()]);
    assert.deepEqual(asked, [['dispose']]);
  });

  it('looks at what it is given: null is left out, and all else that does not fit is a sentence', async () => {
    const { library, opened } = recording();
    // As somebody calls it whose program no types check.
    const wrong = (value: string): never => JSON.parse(value) as never;
    await library.inspectFiles('Q.npy', wrong('{"roles":null,"params":null,"mechanism":null}'));
    await library.inspectText('a', wrong('null'));
    assert.deepEqual(opened, [
      [{ kind: 'files', files: ['Q.npy'] }, {}],
      [{ kind: 'text', texts: ['a'] }, {}],
    ]);
    const inspection = await library.inspectText('a');
    const first = (all: AsyncIterable<unknown>): Promise<unknown> => all[Symbol.asyncIterator]().next();
    const refused: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
      [
        () => library.inspectFiles('a', { roles: wrong('[]') }),
        /option roles has to be an object.* not a list/,
      ],
      [() => library.inspectFiles('a', { roles: wrong('{"a":1}') }), /a in roles has to be a text, not 1/],
      [() => library.inspectFiles('a', wrong('5')), /follows its first argument has to be an object, not 5/],
      [() => library.inspectFiles(''), /file for inspectFiles has to be a path.* not an empty text/],
      [() => library.inspectFiles(wrong('[null]')), /file for inspectFiles has to be .* not null/],
      [() => library.inspectText(wrong('{}')), /text for inspectText has to be a text, not an object/],
      [() => library.inspectText('a', { params: wrong('{"causal":null}') }), /causal in params has to be/],
      [() => library.inspectText('a', { interventions: wrong('3') }), /interventions has to be a list/],
      [() => library.inspectText('a', { signal: wrong('{}') }), /signal of an AbortController/],
      [() => library.inspectText('a', { model: wrong('{"path":"x"}') }), /option model has to be a path/],
      [() => library.inspectTensors(wrong('null')), /first argument has to be an object of tensors/],
      [() => library.inspectTensors({ Q: wrong('[1]') }), /the tensor Q has to be an object/],
      [() => library.explainMismatch(wrong('null')), /an object \{ files \} or \{ tensors \}, not null/],
      [() => inspection.slice(wrong('null')), /step for slice has to be a text, not null/],
      [() => inspection.slice('weights', { rows: wrong('5') }), /option rows has to be a range/],
      [() => inspection.metrics({ layer: wrong('"0"') }), /option layer has to be a whole number.* not “0”/],
      [() => inspection.arithmetic('weights', wrong('null')), /A cell has to be a list/],
      [() => inspection.candidates(wrong('"x"')), /query for candidates has to be a whole number/],
      [() => inspection.continue(wrong('null')), /option tokens has to be a whole number/],
      [() => inspection.change(wrong('[]')), /option params has to be an object/],
      [() => first(inspection.export(wrong('null'))), /exporter has to be a text, not null/],
    ];
    for (const [call, message] of refused) await assert.rejects(call(), message);
  });

  it('says in an error of its own that roles are needed, with the question', () => {
    const question = { tensors: [], roles: [], known: {}, reason: 'Which is Q?' };
    const error = new RolesNeeded(question);
    assert.deepEqual([error.message, error.question], ['Which is Q?', question]);
  });
});

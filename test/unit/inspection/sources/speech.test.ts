import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { OpenRequest, ParameterValues } from '../../../../src/protocol.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_speech_text.py. */
const folder = join(fixtures, 'speech-text');

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly start: number;
  readonly end: number;
  readonly text: string | null;
  readonly prompt: string | null;
  readonly asked: {
    readonly language?: string;
    readonly task?: string;
    readonly return_timestamps?: boolean;
  };
  readonly tokens: readonly number[];
  readonly heads: readonly (readonly [number, number])[];
  readonly words: readonly {
    readonly text: string;
    readonly start: number;
    readonly end: number;
    readonly tokens: readonly number[];
  }[];
}

const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'cases.json'), 'utf8'));

describe('A recording that a model writes down', () => {
  const engine = new Engine(platform, media);
  let expected: Tensors;
  before(async () => {
    expected = await tensorsIn(join(folder, 'expected.safetensors'));
  });
  after(() => engine.dispose());

  async function open(
    model: string,
    parameters: ParameterValues = {},
    text?: string,
    rest: Partial<OpenRequest> = {},
  ): Promise<Inspection> {
    const opened = await engine.open({
      material: {
        kind: 'audio',
        file: { kind: 'path', path: join(folder, 'voice.wav') },
        ...(text === undefined ? {} : { text }),
      },
      by: { model: { kind: 'folder', path: join(folder, model) } },
      parameters,
      ...rest,
    });
    assert.ok(opened instanceof Inspection);
    return opened;
  }

  function openCase(each: Case, more: ParameterValues = {}): Promise<Inspection> {
    const { asked } = each;
    return open(
      each.folder,
      {
        from: each.start,
        to: each.end,
        ...(each.text === null ? { length: 24 } : {}),
        ...(asked.language === undefined ? {} : { language: asked.language }),
        ...(asked.task === undefined ? {} : { task: asked.task }),
        ...(asked.return_timestamps === true ? { timestamps: 'on' } : {}),
        ...(each.prompt === null ? {} : { prompt: each.prompt }),
        ...more,
      },
      each.text ?? undefined,
    );
  }

  for (const each of cases) {
    it(`is written, attended to and aligned as transformers and OpenAI’s program do: ${each.name}`, async () => {
      const inspection = await openCase(each);
      const { summary } = inspection;
      const heard = tensorNamed(expected, `${each.name}/cross`);
      assert.equal(summary.queries.count, each.tokens.length);
      for (let layer = 0; layer < summary.layers; layer++) {
        for (let head = 0; head < summary.heads; head++) {
          const found = await inspection.slice({ inspection: summary.id, step: 'weights', layer, head });
          assertClose(found, at(at(heard, layer), head), 1e-4, `layer ${layer} head ${head}`);
        }
      }
      const { words, path } = await inspection.sound.alignment();
      const timing = words.map(({ text, start, end }) => [text, start.toFixed(6), end.toFixed(6)]);
      assert.deepEqual(
        timing,
        each.words.map(({ text, start, end }) => [text, start.toFixed(6), end.toFixed(6)]),
      );
      const want = tensorNamed(expected, `${each.name}/path`);
      const columns = [...path.times].map((time) => Math.round((time - each.start) / 0.02));
      assert.deepEqual(columns, [...want.data.slice(columns.length)]);
    });
  }

  it('has frames of the sound as keys, tokens as queries, and the steps of the spectrogram and the alignment', async () => {
    const [first = assert.fail()] = cases;
    const inspection = await openCase({ ...first, start: 0.5, end: 1.12 });
    const { summary } = inspection;
    assert.deepEqual(summary.media, [
      {
        id: 'audio-0',
        kind: 'audio',
        name: 'voice.wav',
        duration: 1.7,
        heard: { start: 0.5, end: 1.12 },
        most: 1,
      },
    ]);
    assert.equal(summary.aligns, true);
    assert.equal(summary.keys.count, 50);
    assert.deepEqual([summary.keys.words?.[0], summary.keys.words?.[31]], ['0.50 s', '1.12 s (silence)']);
    const [mark, silent] = [summary.keys.marks?.[30], summary.keys.marks?.[31]];
    assert.ok(mark?.kind === 'interval' && mark.medium === 'audio-0');
    assert.deepEqual([mark.start.toFixed(3), mark.end.toFixed(3)], ['1.100', '1.120']);
    assert.equal(silent, null);
    // A row is the token that is written there; the last one is what would come behind the end.
    assert.deepEqual(summary.queries.words?.slice(0, 2), ['<|zh|>', '<|notimestamps|>']);
    assert.equal(summary.queries.words?.at(-1), '…');
    assert.ok(
      summary.notices.some((notice) => notice.startsWith('The model heard “zh”: the likeliest of its 3')),
    );
    assert.ok(
      summary.notices.includes(
        'Of voice.wav (1.70 s) the part from 0.50 s to 1.12 s was heard. Change “From” and “To” for another part.',
      ),
    );
    assert.ok(
      summary.notices.some((notice) => notice.startsWith('0.38 s of silence were put behind the sound')),
    );

    await inspection.change({ attention: 'encoder' });
    const { steps, queries, keys } = inspection.summary;
    const names = steps.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 9), [
      ...[
        'frames',
        'windowed',
        'spectrum_even',
        'spectrum_odd',
        'power',
        'mel',
        'log_mel',
        'clipped',
        'features',
      ],
    ]);
    assert.deepEqual([queries, keys], [summary.keys, summary.keys]);
    assert.deepEqual(steps[8]?.rows, { axis: 'frame', size: 100 });
    const heard = await inspection.slice({ inspection: summary.id, step: 'features', layer: 0, head: 0 });
    const part = cases.find(({ name }) => name === 'a part') ?? assert.fail();
    assertClose(heard, tensorNamed(expected, `${part.name}/features`), 3e-5, 'features');
    const frame = await inspection.slice({
      inspection: summary.id,
      step: 'clipped',
      layer: 0,
      head: 0,
      rows: { start: 40, end: 42 },
    });
    assert.deepEqual(
      frame.data
        .map((value, cell) => value / 4 + 1 - (heard.data[40 * 80 + cell] ?? NaN))
        .every((off) => Math.abs(off) < 1e-4),
      true,
    );
    const cell = await inspection.arithmetic({
      inspection: summary.id,
      step: 'mel',
      layer: 0,
      head: 0,
      row: 40,
      column: 3,
    });
    assert.ok(Number.isFinite(cell.value));
    await inspection.change({ attention: 'decoder' });
    assert.deepEqual(inspection.summary.queries.words?.slice(0, 1), ['<|zh|>']);
    assert.deepEqual(inspection.summary.keys.words?.[0], '<|startoftranscript|>');
    assert.equal(inspection.summary.aligns, true);
  });

  for (const [attention, name] of [
    ['encoder', 'encoder'],
    ['decoder', 'decoder'],
  ] as const) {
    it(`attends in the ${name} as transformers does`, async () => {
      const [first = assert.fail()] = cases;
      const inspection = await openCase(first, { attention });
      const { summary } = inspection;
      const want = tensorNamed(expected, `${first.name}/${name}`);
      for (let layer = 0; layer < summary.layers; layer++) {
        for (let head = 0; head < summary.heads; head++) {
          const found = await inspection.slice({ inspection: summary.id, step: 'weights', layer, head });
          // Masked cells are NaN here.
          const data = found.data.map((value) => (Number.isNaN(value) ? 0 : value));
          assertClose({ ...found, data }, at(at(want, layer), head), 1e-4, `layer ${layer} head ${head}`);
        }
      }
    });
  }

  it('shows each stage of the alignment as a step, whose cost is OpenAI’s', async () => {
    const given = cases.find(({ name }) => name === 'given') ?? assert.fail();
    const inspection = await openCase(given);
    const { summary } = inspection;
    const names = summary.steps.map(({ name }) => name);
    assert.deepEqual(names.slice(-6), [
      ...['alignment_cropped', 'alignment_weights', 'alignment_z', 'alignment_median'],
      ...['alignment_mean', 'alignment_cost'],
    ]);
    const want = tensorNamed(expected, 'given/cost');
    const [rows = 0, frames = 0] = want.shape;
    for (const layer of [0, 2]) {
      const cost = await inspection.slice({ inspection: summary.id, step: 'alignment_cost', layer, head: 0 });
      assert.deepEqual(cost.shape, [summary.queries.count, frames]);
      const before = 3;
      const data = cost.data.slice(before * frames, (before + rows) * frames);
      assertClose({ shape: want.shape, data }, want, 1e-4, `cost in layer ${layer}`);
    }
    // The mean is that of the heads that are named, each of which is shown in its own layer.
    const stage = (layer: number, head: number) =>
      inspection.slice({ inspection: summary.id, step: 'alignment_median', layer, head });
    const [one, other] = [await stage(1, 1), await stage(2, 0)];
    const mean = await inspection.slice({
      inspection: summary.id,
      step: 'alignment_mean',
      layer: 0,
      head: 0,
    });
    const own = one.data.map((value, cell) => (value + (other.data[cell] ?? NaN)) / 2);
    assertClose({ shape: mean.shape, data: own }, mean, 1e-5, 'mean');
    const { value } = await inspection.arithmetic({
      inspection: summary.id,
      step: 'alignment_mean',
      layer: 1,
      head: 0,
      row: 5,
      column: 7,
    });
    assert.ok(Math.abs(value - (mean.data[5 * frames + 7] ?? NaN)) < 1e-5);
    assert.deepEqual(
      inspection.code({ language: 'numpy', scope: { layer: 0, head: 'all' } }).length > 0,
      true,
    );
    // Rows of words are those that the tokens stand in.
    const { words, heads } = await inspection.sound.alignment();
    assert.deepEqual(
      heads.map(({ layer, head }) => [layer, head]),
      given.heads,
    );
    const spelled = words.map((word) =>
      summary.queries.words?.slice(word.rows.start, word.rows.end).join(''),
    );
    assert.equal(spelled[0], ' It');
    assert.equal(spelled.at(-4), ' one');
    const mark = summary.queries.marks?.[words[1]?.rows.start ?? 0];
    assert.ok(mark?.kind === 'span' && mark.medium === 'text-0');
    assert.equal(given.text?.slice(mark.start, mark.end), 'was');
  });

  it('aligns by heads that are named, with another median, and says what is no head', async () => {
    const given = cases.find(({ name }) => name === 'english, given') ?? assert.fail();
    const inspection = await openCase(given);
    const before = await inspection.sound.alignment();
    assert.deepEqual(before.notices, [
      'The model names no heads for alignment: all heads of the last half of its layers are used, as OpenAI’s program does then.',
    ]);
    assert.equal(before.heads.length, 4);
    await inspection.change({ alignmentHeads: '0.1, 2.0', medianWidth: '3' });
    const { heads } = await inspection.sound.alignment();
    assert.deepEqual(heads, [
      { layer: 0, head: 1 },
      { layer: 2, head: 0 },
    ]);
    const ranks = await inspection.sound.rankHeads();
    assert.equal(ranks.length, 6);
    assert.deepEqual(
      ranks
        .filter(({ used }) => used)
        .map(({ layer, head }) => `${layer}.${head}`)
        .toSorted(),
      ['0.1', '2.0'],
    );
    assert.ok(
      ranks.every(({ share }, place) => share > 0 && share <= 1 && share <= (ranks[place - 1]?.share ?? 1)),
    );
    for (const [wrong, shown] of [
      ['3.0', '"3.0"'],
      ['1.2', '"1.2"'],
      ['1', '"1"'],
      ['a.b', '"a.b"'],
    ]) {
      await assert.rejects(inspection.change({ alignmentHeads: wrong ?? '' }), {
        name: 'ModelError',
        message: `${shown} is no head for alignment: “layer.head” is meant, from 0.0 to 2.1.`,
      });
    }
    assert.deepEqual((await inspection.sound.alignment()).heads, heads);
  });

  it('takes what is set in its attentions, and refuses what it cannot', async () => {
    const inspection = await open('many', { attention: 'encoder', language: 'en' }, 'one two');
    const { id } = inspection.summary;
    const before = await inspection.slice({ inspection: id, step: 'weights', layer: 1, head: 0 });
    await inspection.change({}, {}, [{ layer: 0, step: 'X', set: { kind: 'zero' } }]);
    const after = await inspection.slice({ inspection: id, step: 'weights', layer: 1, head: 0 });
    assert.ok(after.data.some((value, cell) => Math.abs(value - (before.data[cell] ?? 0)) > 1e-3));
    await assert.rejects(
      inspection.change({}, {}, [{ layer: 0, step: 'features', set: { kind: 'zero' } }]),
      /There is no step “features” to set/,
    );
    await assert.rejects(
      inspection.change({ attention: 'cross' }, {}, [
        { layer: 1, step: 'alignment_z', set: { kind: 'zero' } },
      ]),
      /There is no step “alignment_z” to set/,
    );
    const deaf = { layer: 1, step: 'weights', attention: 'cross', set: { kind: 'zero' } } as const;
    await inspection.change({ attention: 'cross' }, {}, [deaf]);
    const unheard = await inspection.slice({ inspection: id, step: 'head', layer: 1, head: 1 });
    assert.ok(unheard.data.every((value) => value === 0));
    const { words } = await inspection.sound.alignment();
    assert.deepEqual(
      words.map(({ text }) => text),
      [' one', ' two'],
    );
    const beside = await inspection.variant('beside', { temperature: 2 }, {}, []);
    assert.equal(beside.summary.queries.count, inspection.summary.queries.count);
    assert.equal((await beside.sound.alignment()).words.length, 2);
    assert.equal(inspection.summary.interventions?.length, 1);
  });

  it('goes on behind what it wrote, and aligns that', async () => {
    const [first = assert.fail()] = cases;
    const inspection = await openCase(first, { length: 6 });
    const { text, summary } = await inspection.continue({ inspection: inspection.summary.id, tokens: 18 });
    assert.notEqual(text, '');
    assert.equal(summary.queries.count, first.tokens.length);
    const { words } = await inspection.sound.alignment();
    assert.deepEqual(
      words.map(({ text: word, start }) => [word, start.toFixed(6)]),
      first.words.map(({ text: word, start }) => [word, start.toFixed(6)]),
    );
  });

  it('draws the waveform, the spectrogram, and hands out the sound', async () => {
    const inspection = await open('english', { from: 0.5, to: 1.2, length: 2 });
    const { sound } = inspection;
    const bytes = readFileSync(join(folder, 'voice.wav')).subarray(44);
    const samples = Float32Array.from(
      { length: 27_200 },
      (_, place) => bytes.readInt16LE(2 * place) / 32_768,
    );
    const medium = 'audio-0';
    const wave = await sound.waveform({ medium, start: 0, end: 1.7, columns: 17 });
    for (let column = 0; column < 17; column++) {
      const own = samples.subarray(column * 1600, (column + 1) * 1600);
      assert.equal(wave.minimum[column], Math.min(...own));
      assert.equal(wave.maximum[column], Math.max(...own));
    }
    const fine = await sound.waveform({ medium, start: 0.25, end: 0.251, columns: 16 });
    assert.deepEqual([...fine.maximum], [...samples.subarray(4000, 4016)]);
    const heard = await sound.samples({ medium, start: 0.5, end: 0.75 });
    assert.equal(heard.rate, 16_000);
    assert.deepEqual(heard.data, samples.slice(8000, 12_000));
    const picture = sound.spectrogram({ medium, start: 0.5, end: 1.2, columns: 70 });
    assert.deepEqual([picture.bands, picture.columns, picture.data.length], [80, 70, 5600]);
    assert.ok(Math.abs(picture.lowest - 37.24) < 0.01 && picture.highest > 7600 && picture.highest < 8000);
    await inspection.change({ attention: 'encoder' });
    const features = await inspection.slice({
      inspection: inspection.summary.id,
      step: 'features',
      layer: 0,
      head: 0,
    });
    for (const [band, column] of [
      [0, 0],
      [3, 12],
      [79, 69],
    ] as const) {
      assert.equal(picture.data[band * 70 + column], features.data[column * 80 + band]);
    }
    const coarse = sound.spectrogram({ medium, start: 0.5, end: 1.2, columns: 7 });
    assert.equal(
      coarse.data[5 * 7 + 2],
      Math.max(...Array.from({ length: 10 }, (_, of) => features.data[(20 + of) * 80 + 5] ?? NaN)),
    );
    await assert.rejects(
      sound.waveform({ medium: 'audio-1', start: 0, end: 1, columns: 3 }),
      /has no recording “audio-1”/,
    );
    await assert.rejects(
      sound.waveform({ medium, start: 2, end: 3, columns: 3 }),
      /voice\.wav is 1\.70 s long; there is nothing from 2 s to 3 s\./,
    );
    await assert.rejects(sound.samples({ medium, start: 0, end: 31 }), /At most 30 s are played at once/);
    assert.throws(
      () => sound.spectrogram({ medium, start: 1.3, end: 1.5, columns: 3 }),
      /there is no spectrogram from 1\.3 s/,
    );
    assert.throws(
      () => sound.spectrogram({ medium, start: 0.5, end: 1, columns: 0 }),
      /1 to 16384 columns, not 0/,
    );
  });

  it('reads one window of a longer recording at a time', async () => {
    const inspection = await open('english', { length: 1 });
    const part = (): unknown => {
      const [medium] = inspection.summary.media;
      return medium?.kind === 'audio' ? medium.heard : assert.fail();
    };
    assert.deepEqual(part(), { start: 0, end: 1 });
    assert.ok(
      inspection.summary.notices.some((notice) =>
        notice.startsWith('Of voice.wav (1.70 s) the part from 0.00 s to 1.00 s'),
      ),
    );
    await inspection.change({ from: 1 });
    assert.deepEqual(part(), { start: 1, end: 1.7 });
    await inspection.change({ from: 0.2, to: 1.7 });
    assert.deepEqual(part(), { start: 0.2, end: 1.2 });
    assert.ok(
      inspection.summary.notices.some((notice) => notice.includes('english hears no more than 1 s at once')),
    );
    await assert.rejects(inspection.change({ from: 2 }), {
      name: 'ParameterError',
      message: 'From is a number from 0 to 1.7, not 2.',
    });
    await assert.rejects(inspection.change({ from: 1.7 }), /there is nothing from 1\.7 s/);
    assert.deepEqual(part(), { start: 0.2, end: 1.2 });
  });

  it('aligns nothing where a part is shorter than a frame, and says so', async () => {
    const { summary, sound } = await open('english', { from: 0.5, to: 0.515, length: 2 });
    assert.equal(summary.aligns, undefined);
    assert.ok(
      summary.notices.includes(
        'The part that was heard is shorter than a frame (0.02 s): nothing can be aligned.',
      ),
    );
    await assert.rejects(sound.alignment(), /has no text that could be aligned with a recording/);
  });

  it('says what of a transcript was not read', async () => {
    const { summary } = await open('many', { language: 'en' }, 'one <|en|> two\n\n three <|0.10|>');
    assert.ok(
      summary.notices.includes(
        '2 of the tokens in the transcript stand for no text (times, languages, the end): they were left out.',
      ),
    );
    const marks = (summary.queries.marks ?? []).flatMap((mark) =>
      mark?.kind === 'span' ? [[mark.start, mark.end]] : [],
    );
    const text = 'one <|en|> two\n\n three <|0.10|>';
    assert.deepEqual(
      marks.map(([start, end]) => text.slice(start, end).trim()).filter((word) => word !== ''),
      ['one', 'two', 'three'],
    );
    const long = await open('many', { language: 'en' }, 'one '.repeat(80));
    assert.ok(
      long.summary.notices.some((notice) =>
        notice.startsWith('The transcript has 80 tokens, of which the decoder reads the first 59;'),
      ),
    );
    assert.equal((await long.sound.alignment()).words.length, 59);
  });

  it('says in a sentence what cannot be heard', async () => {
    const audio = { kind: 'audio', file: { kind: 'path', path: join(folder, 'voice.wav') } } as const;
    const refused = (request: OpenRequest, message: RegExp): Promise<void> =>
      assert.rejects(engine.open(request), { message });
    const english = { kind: 'folder', path: join(folder, 'english') } as const;
    await refused(
      { material: audio, by: { mechanism: 'multi-head' } },
      /^A recording is heard by a model for speech, which has to be named/,
    );
    await refused(
      { material: audio, by: { model: { kind: 'embedded' } } },
      /\(BERT\) reads text, not recordings\. Select a model that hears: Whisper/,
    );
    await refused(
      { material: { ...audio, text: '  ' }, by: { model: english } },
      /^The transcript that was given is empty\.$/,
    );
    await refused(
      { material: { kind: 'text', texts: ['Hello'] }, by: { model: english } },
      /^english \(Whisper\) reads recordings, not text\. Inspect a recording with it, or select a model for text\.$/,
    );
    const file = (name: string, bytes: Uint8Array): OpenRequest => ({
      material: { kind: 'audio', file: { kind: 'bytes', name, bytes } },
      by: { model: english },
    });
    await refused(file('empty.wav', new Uint8Array(0)), /^empty\.wav is empty/);
    await refused(
      file('notes.wav', new TextEncoder().encode('not sound at all, but words')),
      /^notes\.wav is not a recording/,
    );
    await refused(
      file('song.mp3', Uint8Array.of(0xff, 0xfb, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
      /^song\.mp3 is MP3; WAV/,
    );
    await refused(
      { material: audio, by: { model: english }, parameters: { language: 'en' } },
      /There is no parameter “language” here/,
    );
  });
});

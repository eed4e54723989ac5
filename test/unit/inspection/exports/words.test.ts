import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectAudio, type OpenInspection } from '../../../../src/inspection/index.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';

/** Made by make_speech_text.py and make_speech_words.py: by OpenAI's writers of subtitles, and praatio. */
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
  readonly words: readonly { readonly text: string; readonly start: number; readonly end: number }[];
}

const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'cases.json'), 'utf8'));
const written = readJson<
  Readonly<Record<string, { readonly srt: string; readonly vtt: string; readonly textgrid: string }>>
>(readFileSync(join(folder, 'words.json'), 'utf8'));

describe('Word times, taken away', () => {
  async function take(inspection: OpenInspection, exporter: string): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const { file, bytes } of inspection.export(exporter, { name: 'voice' })) {
      assert.match(file, /^voice\.(json|srt|vtt|TextGrid)$/);
      parts.push(bytes);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  for (const each of cases.filter(
    ({ asked, prompt }) => prompt === null && asked.return_timestamps !== true,
  )) {
    it(`are what OpenAI’s program and praatio write: ${each.name}`, async () => {
      const { language, task } = each.asked;
      const inspection = await inspectAudio(join(folder, 'voice.wav'), {
        model: join(folder, each.folder),
        media,
        ...(each.text === null ? {} : { text: each.text }),
        params: {
          from: each.start,
          to: each.end,
          ...(each.text === null ? { length: 24 } : {}),
          ...(language === undefined ? {} : { language }),
          ...(task === undefined ? {} : { task }),
        },
      });
      try {
        const offered = (await inspection.exporters()).filter(({ of }) => of === 'words');
        assert.deepEqual(
          offered.map(({ id }) => id),
          ['words-json', 'words-srt', 'words-vtt', 'words-textgrid'],
        );
        const want = written[each.name] ?? assert.fail();
        assert.equal(await take(inspection, 'words-srt'), want.srt);
        assert.equal(await take(inspection, 'words-vtt'), want.vtt);
        // Here no word is left out: one that takes no time stands with its neighbour.
        const lines = (await take(inspection, 'words-textgrid')).split('\n');
        const theirs = want.textgrid.split('\n');
        assert.equal(lines.length, theirs.length);
        let text = '';
        lines.forEach((line, at) => {
          const other = theirs[at] ?? '';
          if (!line.includes('text = ')) assert.equal(line, other);
          else {
            const [own = '', its = ''] = [line, other].map((part) => /text = "(.*)"/.exec(part)?.[1]);
            assert.ok(own.includes(its), `“${own}” has “${its}”`);
            text += ` ${own}`;
          }
        });
        const said = each.words.map((word) => word.text.trim().replaceAll('"', '""')).join(' ');
        assert.equal(text.replaceAll(/ +/g, ' ').trim(), said.replaceAll(/ +/g, ' ').trim());
        const json = readJson<{
          readonly words: Case['words'];
          readonly recording: string;
          readonly by: string;
        }>(await take(inspection, 'words-json'));
        assert.equal(json.recording, 'voice.wav');
        assert.match(json.by, /some heads, as OpenAI’s program: times are found/);
        assert.deepEqual(
          json.words.map(({ text: word, start, end }) => [word, start, end]),
          each.words.map(({ text: word, start, end }) => [
            word.trim(),
            Number(start.toFixed(3)),
            Number(end.toFixed(3)),
          ]),
        );
        const { words } = await inspection.alignment();
        assert.equal(words.length, each.words.length);
        const wave = await inspection.waveform({ columns: 10 });
        assert.equal(wave.maximum.length, 10);
        assert.equal((await inspection.samples()).data.length, Math.round((each.end - each.start) * 16_000));
        assert.equal((await inspection.spectrogram({ columns: 20 })).columns, 20);
        assert.equal((await inspection.rankHeads()).length, 6);
      } finally {
        await inspection.dispose();
      }
    });
  }
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inspectAudio } from '../../src/inspection/index.js';
import { checkpoint as placeOf, described } from '../support/checkpoints/references.js';
import { media } from '../support/models/expected.js';

/** Made by make_speech_alignment_references.py. */
interface Aligned {
  readonly heads: readonly (readonly [layer: number, head: number])[];
  readonly words: readonly { readonly text: string; readonly start: number; readonly end: number }[];
}

describe('Whisper tiny.en, from a recording to words', () => {
  const expected = described<Aligned>('speech-words');
  const recording = join(process.cwd(), 'test/fixtures/checkpoints/speech.flac');
  const said = expected.words.map(({ text }) => text).join('');

  for (const text of [undefined, said]) {
    it(`says when each ${text === undefined ? 'word that it writes' : 'word of a transcript'} was said, to the frame as OpenAI’s program`, async () => {
      const inspection = await inspectAudio(recording, {
        model: placeOf('whisper-tiny.en'),
        media,
        ...(text === undefined ? {} : { text }),
      });
      try {
        const { words, heads } = await inspection.alignment();
        assert.deepEqual(
          words.map((word) => [word.text, word.start.toFixed(4), word.end.toFixed(4)]),
          expected.words.map((word) => [word.text, word.start.toFixed(4), word.end.toFixed(4)]),
        );
        assert.deepEqual(
          heads.map(({ layer, head }) => [layer, head]),
          expected.heads,
        );
        // The heads that OpenAI chose lie nearer to a path than most others.
        const ranks = await inspection.rankHeads();
        const mean = (used: boolean): number => {
          const own = ranks.filter((each) => each.used === used);
          return own.reduce((sum, { share }) => sum + share / own.length, 0);
        };
        assert.ok(mean(true) > mean(false) + 0.1, `${mean(true)} and ${mean(false)}`);
        const { summary } = inspection;
        assert.equal(summary.aligns, true);
        for (const word of words) {
          const spelled = summary.queries.words?.slice(word.rows.start, word.rows.end).join('');
          assert.equal(spelled, word.text);
        }
      } finally {
        await inspection.dispose();
      }
    });
  }
});

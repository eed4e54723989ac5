import { EngineProcess } from './engine-process.js';
import { benchmark } from './table.js';
import { text } from './text.js';
import { textRequest } from '../support/inspections.js';
import { summaryOf } from '../support/summaries.js';

const lengths = [16, 128, 512];

interface Picture {
  /** From the text to the first heatmap's numbers. */
  readonly whole: number;
  /** The model alone, as the engine says it. */
  readonly forward: number;
}

async function picture({ channel }: EngineProcess, tokens: number, variation: number): Promise<Picture> {
  const begun = performance.now();
  const request = textRequest({ text: text(tokens, variation), model: { kind: 'embedded' } });
  const summary = summaryOf(await channel.request('open', request));
  if (summary.queries.count !== tokens) {
    throw new Error(`The text has ${summary.queries.count} tokens instead of ${tokens}.`);
  }
  const place = { inspection: summary.id, layer: 0, head: 0, step: 'weights' };
  const { shape } = await channel.request('slice', place);
  if (shape.some((extent) => extent !== tokens)) throw new Error(`The picture is ${shape.join(' × ')}.`);
  const whole = performance.now() - begun;
  await channel.request('close', { inspection: summary.id });
  return { whole, forward: summary.timing.forward };
}

void benchmark(
  'From a selection to its first heatmap, in the engine process, embedded model',
  async (table) => {
    for (const tokens of lengths) {
      const cold: number[] = [];
      for (let run = 0; run < 5; run++) {
        const begun = performance.now();
        const engine = await EngineProcess.start();
        try {
          await picture(engine, tokens, run);
          cold.push(performance.now() - begun);
        } finally {
          await engine.stop();
        }
      }
      table.median(`${tokens} tokens, cold, from starting the process`, cold, 'ms');
    }
    const engine = await EngineProcess.start();
    try {
      for (const tokens of lengths) {
        await picture(engine, tokens, 0);
        const pictures: Picture[] = [];
        for (let run = 1; run <= 15; run++) pictures.push(await picture(engine, tokens, run));
        table.median(
          `${tokens} tokens, warm`,
          pictures.map(({ whole }) => whole),
          'ms',
        );
        table.median(
          `${tokens} tokens, warm, forward and capture alone`,
          pictures.map(({ forward }) => forward),
          'ms',
        );
      }
    } finally {
      await engine.stop();
    }
  },
);

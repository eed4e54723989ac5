import type { SpeechModel } from '../../../models/index.js';

/** How a model that hears prepares a recording, and what becomes of it. */
export function audioFacts(model: SpeechModel): (readonly [title: string, value: string])[] {
  const { most, frame, limit, extractor } = model;
  const { rate, bands, window, hop } = extractor;
  const grouped = (count: number): string => count.toLocaleString('en-US');
  return [
    ['Hears', `${grouped(most)} s at once, at ${grouped(rate)} samples a second`],
    ['Feature extractor', `log-mel: ${bands} bands, of windows of ${window} samples, ${hop} apart`],
    ['Frames', `${grouped(limit)}, ${frame} s each`],
  ];
}

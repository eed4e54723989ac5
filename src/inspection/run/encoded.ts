import { ModelError, type Encoding } from '../../models/index.js';

/** The tokens of a text that is to be inspected. @throws ModelError where there is no text in it, or no token */
export async function encoded(
  model: { encode(text: string): Promise<Encoding> },
  text: string,
): Promise<Encoding> {
  if (text.trim() === '') throw new ModelError('There is no text to inspect: it is empty.');
  const encoding = await model.encode(text);
  if (encoding.ids.length === 0) throw new ModelError('The tokenizer made no token of this text.');
  return encoding;
}

/** Something that kept a model from being fetched, as a sentence for people. */
export class HubError extends Error {
  override readonly name = 'HubError';
}

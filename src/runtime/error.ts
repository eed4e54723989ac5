/** One sentence about a graph that cannot be run: what, where, why. The log has ONNX Runtime's own words in `cause`. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

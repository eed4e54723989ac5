import type { Value } from '../../engine/graph.js';
import {
  gradientParameters,
  gradientSteps,
  readObjective,
  withValues,
} from '../../engine/mechanisms/index.js';
import type { Parameter, ParameterValues } from '../../protocol.js';

/** The names of the controls for gradients, which every mechanism has. */
const names: ReadonlySet<string> = new Set(['gradient', 'feature']);

/** Parameter values without those for gradients. */
export function withoutGradients(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
}

/**
 * Steps and the gradients that are asked for, with the controls for these.
 * @throws ParameterError for a value outside of what a control takes
 */
export function withGradients(
  steps: readonly Value[],
  values: ParameterValues,
): { readonly steps: readonly Value[]; readonly parameters: readonly Parameter[] } {
  const offered = gradientParameters(steps);
  const own = new Set(offered.map(({ name }) => name));
  const parameters = withValues(
    offered,
    Object.fromEntries(Object.entries(values).filter(([name]) => own.has(name))),
  );
  const objective = readObjective(Object.fromEntries(parameters.map(({ name, value }) => [name, value])));
  return {
    steps: objective === undefined ? steps : [...steps, ...gradientSteps(steps, objective)],
    parameters,
  };
}

import type {
  InspectionSummary,
  Parameter,
  ParameterValue,
  ParameterValues,
  Phase,
  Step,
} from '../../../src/protocol.js';
import { findStep, isPairwise } from '../../../src/drawing/labels.js';

/** In the order in which they are computed, and laid out. */
export const phases: readonly Phase[] = ['input', 'score', 'normalisation', 'sum', 'gradient', 'task'];

/** A formula of one column, and whether the first column has none like it. */
export interface Line {
  readonly step: Step;
  readonly differs: boolean;
}

/** A phase of one column beside that of the first. */
export interface Aligned {
  readonly phase: Phase;
  readonly lines: readonly Line[];
  /** Steps that the first column has and this one leaves out, of the same mechanism. */
  readonly without: readonly Step[];
}

export function align(first: InspectionSummary, own: InspectionSummary): readonly Aligned[] {
  return phases.map((phase) => {
    const theirs = first.steps.filter((step) => step.phase === phase);
    const ours = own.steps.filter((step) => step.phase === phase);
    const known = new Set(theirs.map(({ tex }) => tex));
    return {
      phase,
      lines: ours.map((step) => ({ step, differs: !known.has(step.tex) })),
      without:
        first.mechanism.id === own.mechanism.id
          ? theirs.filter(({ name }) => !ours.some((step) => step.name === name))
          : [],
    };
  });
}

/** A parameter that is not as in the first column; `from` is missing where the first has no such parameter. */
export interface Change {
  readonly parameter: Parameter;
  readonly from: Parameter | undefined;
}

/** What a column's parameters say otherwise than the first's; those of another mechanism alone are not counted. */
export function changesOf(first: readonly Parameter[], own: readonly Parameter[]): readonly Change[] {
  return own
    .map((parameter) => ({ parameter, from: first.find(({ name }) => name === parameter.name) }))
    .filter(({ parameter, from }) =>
      from === undefined ? parameter.value !== parameter.default : from.value !== parameter.value,
    );
}

/** A column's changes with one more, or one less where that is back to what the first column has. */
export function withChange(
  changes: ParameterValues,
  first: readonly Parameter[],
  name: string,
  value: ParameterValue,
): ParameterValues {
  const { [name]: _, ...others } = changes;
  const back = first.some((parameter) => parameter.name === name && parameter.value === value);
  return back ? others : { ...others, [name]: value };
}

/** Something to compare with that is not compared yet: the next mechanism, else the scaling, else any other choice. */
export function suggest(
  parameters: readonly Parameter[],
  taken: readonly ParameterValues[],
): ParameterValues {
  const seen = new Set(taken.map((changes) => JSON.stringify(changes)));
  const candidates = [...parameters]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((parameter): ParameterValues[] => {
      if (parameter.when !== undefined) return [];
      if (parameter.kind === 'choice') {
        return after(parameter).map((value) => ({ [parameter.name]: value }));
      }
      if (parameter.kind === 'text') return [];
      const doubled = Math.min(parameter.maximum, Math.max(parameter.minimum, parameter.value * 2));
      return doubled === parameter.value ? [] : [{ [parameter.name]: doubled }];
    });
  return candidates.find((changes) => !seen.has(JSON.stringify(changes))) ?? {};
}

function rank({ name, kind, part }: Parameter): number {
  // Another entry of a batch is worth a look; another reading of the axes is not what is compared.
  if (part === 'axes') return kind === 'number' ? 4 : 5;
  if (name === 'mechanism') return 0;
  if (name === 'scaling') return 1;
  return kind === 'choice' ? 2 : 3;
}

/** The other choices: for the scaling "none" first, else from the one after the present. */
function after({ name, choices, value }: Extract<Parameter, { kind: 'choice' }>): readonly string[] {
  const values = choices.map((choice) => choice.value);
  const at = values.indexOf(value);
  const others = [...values.slice(at + 1), ...values.slice(0, Math.max(0, at))];
  if (name !== 'scaling' || !others.includes('none')) return others;
  return ['none', ...others.filter((other) => other !== 'none')];
}

/** What is compared first: of given results that are explained, those; else nothing that is known beforehand. */
export function explained({ diagnosis }: InspectionSummary): readonly ParameterValues[] {
  if (diagnosis === undefined) return [];
  const [best] = diagnosis.explanations;
  return [{ reading: 'theirs' }, ...(best === undefined ? [] : [{ reading: best.reading }])];
}

/**
 * The step whose matrices are compared: the weights, under that name in every mechanism; where nothing but the output was given to
 * be explained, that.
 */
export function weightsOf(summary: InspectionSummary): Step | undefined {
  const { compared = [] } = summary.diagnosis ?? {};
  const onlyOutput = compared.length > 0 && compared.every(({ given }) => given === 'output');
  return (
    (onlyOutput ? findStep(summary, compared[0]?.step ?? '') : undefined) ??
    findStep(summary, 'weights') ??
    summary.steps.find((step) => step.scale === 'weights' && isPairwise(step))
  );
}

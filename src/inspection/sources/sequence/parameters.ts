import type { Parameter, ParameterValue } from '../../../protocol.js';
import type { Stack } from '../../run/sequence-run.js';

/** Which of an encoder–decoder model's attentions is looked at. */
export function attentionParameter(target: string, source: string): Parameter {
  return {
    kind: 'choice',
    name: 'attention',
    title: 'Attention',
    note: 'Which of the model’s attentions is shown; scaling and temperature change this one, in every layer.',
    value: 'cross',
    default: 'cross',
    choices: [
      { value: 'cross', title: `${target} to ${source.toLowerCase()}` },
      { value: 'encoder', title: `${source} to ${source.toLowerCase()}` },
      { value: 'decoder', title: `${target} to ${target.toLowerCase()}` },
    ],
  };
}

export function stackOf(value: ParameterValue | undefined): Stack {
  return value === 'encoder' || value === 'decoder' ? value : 'cross';
}

/** @param usual how many are written where nobody says otherwise */
export function lengthParameter(most: number, usual = 64): Parameter {
  return {
    kind: 'number',
    name: 'length',
    title: 'Target tokens',
    note: 'How many are written at most; it ends earlier where the model says that the text is over.',
    value: Math.min(usual, most),
    default: Math.min(usual, most),
    minimum: 1,
    maximum: Math.min(512, most),
    step: 1,
    logarithmic: true,
  };
}

/** A control for something that a checkpoint may offer; none where it offers nothing. */
export function choice(
  name: string,
  title: string,
  note: string,
  choices: readonly { readonly value: string; readonly title: string }[],
): readonly Parameter[] {
  if (choices.length === 0) return [];
  const standard = { value: 'none', title: 'As the model has it' };
  return [
    {
      kind: 'choice',
      name,
      title,
      note,
      value: standard.value,
      default: standard.value,
      choices: [standard, ...choices],
    },
  ];
}

import { noSuchMask, withoutMaskShorthand } from './mask-shorthand.js';

/** A parameter of a mechanism, with everything that is needed to show it. */
export type Parameter = {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  /** Applies only when another parameter has one of these values. */
  readonly when?: { readonly parameter: string; readonly is: readonly ParameterValue[] };
  /** Set of what says how given tensors are read, and not how the mechanism runs: it has a place of its own. */
  readonly part?: 'axes';
} & (
  | {
      readonly kind: 'choice';
      readonly value: string;
      readonly default: string;
      readonly choices: readonly { readonly value: string; readonly title: string }[];
    }
  | {
      readonly kind: 'number';
      readonly value: number;
      readonly default: number;
      readonly minimum: number;
      readonly maximum: number;
      /** 1 for whole numbers; 0 for any. */
      readonly step: number;
      readonly logarithmic?: boolean;
    }
  | {
      readonly kind: 'text';
      readonly value: string;
      readonly default: string;
      /** The most UTF-16 units. */
      readonly longest: number;
      /** What stands there where there is none: "1.4, 2.0". */
      readonly example?: string;
    }
);

export type ParameterValue = string | number;
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** A parameter with a value that it cannot have, as a sentence. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
}

/**
 * The parameters with values put in; `mask` stands for those that it sets.
 * @throws ParameterError for an unknown name, or a value that the parameter cannot have.
 */
export function withValues(parameters: readonly Parameter[], given: ParameterValues): readonly Parameter[] {
  const known = new Set(parameters.map(({ name }) => name));
  const values = known.has('causal') ? withoutMaskShorthand(given, known) : given;
  const { mask } = values;
  if (mask !== undefined && known.has('causal') && !known.has('mask')) {
    throw new ParameterError(noSuchMask(mask));
  }
  for (const name of Object.keys(values)) {
    if (!known.has(name)) {
      throw new ParameterError(`There is no parameter “${name}” here; there are ${[...known].join(', ')}.`);
    }
  }
  return parameters.map((parameter) => {
    const value = Object.hasOwn(values, parameter.name) ? values[parameter.name] : undefined;
    return value === undefined ? parameter : withValue(parameter, value);
  });
}

/** The parameters with other defaults, to which a reset returns. @throws ParameterError as `withValues` */
export function withDefaults(
  parameters: readonly Parameter[],
  defaults: ParameterValues,
): readonly Parameter[] {
  // The branches differ only in their types.
  return withValues(parameters, defaults).map((parameter) => {
    switch (parameter.kind) {
      case 'choice':
        return { ...parameter, default: parameter.value };
      case 'number':
        return { ...parameter, default: parameter.value };
      case 'text':
        return { ...parameter, default: parameter.value };
    }
  });
}

function withValue(parameter: Parameter, value: ParameterValue): Parameter {
  if (parameter.kind === 'choice') {
    const text = String(value);
    if (!parameter.choices.some((choice) => choice.value === text)) {
      const choices = parameter.choices.map((choice) => choice.value).join(', ');
      throw new ParameterError(`${parameter.title} can be ${choices}, not ${text}.`);
    }
    return { ...parameter, value: text };
  }
  if (parameter.kind === 'text') {
    const text = String(value);
    if (text.length > parameter.longest) {
      throw new ParameterError(
        `${parameter.title} has at most ${parameter.longest} characters, not ${text.length}.`,
      );
    }
    return { ...parameter, value: text };
  }
  const whole = parameter.step === 1 ? 'a whole number' : 'a number';
  const { minimum, maximum } = parameter;
  if (
    typeof value !== 'number' ||
    !(value >= minimum && value <= maximum) ||
    (parameter.step === 1 && !Number.isInteger(value))
  ) {
    throw new ParameterError(
      `${parameter.title} is ${whole} from ${minimum} to ${maximum}, not ${String(value)}.`,
    );
  }
  return { ...parameter, value };
}

import './parameters.css';
import type { Parameter, ParameterValue, ParameterValues } from '../../../src/protocol.js';
import { h, settled, uniqueId } from '../../dom.js';
import type { DropdownControl } from '../../controls/ui.js';
import { button, dropdown } from '../../controls/ui.js';

type NumberParameter = Extract<Parameter, { kind: 'number' }>;

/** A slider has this many places where its parameter has no step of its own. */
const places = 1000;
/** How long a dragged slider rests before the mechanism runs again, in milliseconds. */
const restBeforeRun = 160;

/** Where on its slider a number lies, 0 to `places`. */
export function toSlider(parameter: NumberParameter, value: number): number {
  const { minimum, maximum } = parameter;
  const share = isLogarithmic(parameter)
    ? Math.log(value / minimum) / Math.log(maximum / minimum)
    : (value - minimum) / (maximum - minimum);
  return Math.round(Math.min(1, Math.max(0, share)) * places);
}

/** The number at a place of the slider, in few digits, and on the parameter's steps. */
export function fromSlider(parameter: NumberParameter, place: number): number {
  const { minimum, maximum } = parameter;
  const share = place / places;
  const value = isLogarithmic(parameter)
    ? minimum * (maximum / minimum) ** share
    : minimum + (maximum - minimum) * share;
  return settle(parameter, Number(value.toPrecision(3)));
}

/** The nearest value that the parameter takes. */
export function settle({ minimum, maximum, step }: NumberParameter, value: number): number {
  const stepped =
    step > 0 ? Number((Math.round((value - minimum) / step) * step + minimum).toPrecision(12)) : value;
  return Math.min(maximum, Math.max(minimum, stepped));
}

function isLogarithmic({ logarithmic, minimum, maximum }: NumberParameter): boolean {
  return logarithmic === true && minimum > 0 && maximum > minimum;
}

/** True where nothing says that the parameter is of no use now. */
export function isOfUse(parameter: Parameter, all: readonly Parameter[]): boolean {
  const { when } = parameter;
  if (when === undefined) return true;
  const other = all.find(({ name }) => name === when.parameter);
  return other !== undefined && when.is.includes(other.value);
}

/** False of what says how given tensors are read: that has a view of its own. */
export function isOfRun({ part }: Parameter): boolean {
  return part !== 'axes';
}

interface Control {
  readonly element: HTMLElement;
  set(parameter: Parameter): void;
}

/** A control for each parameter of a mechanism, whatever it is called, and the ways back to what is standard. */
export class ParametersView {
  private readonly list = h('div', { class: 'parameters' });
  private readonly resetAll = button({
    text: 'Reset all',
    press: () => {
      this.change(Object.fromEntries(this.changed().map(({ name, default: standard }) => [name, standard])));
    },
  });
  readonly element = h('div', { class: 'parameters-block' }, this.list, this.resetAll);
  private controls = new Map<string, Control>();
  private parameters: readonly Parameter[] = [];
  private shape = '';

  constructor(
    private readonly change: (values: ParameterValues) => void,
    private readonly options: { readonly resetAll: boolean } = { resetAll: true },
  ) {
    this.resetAll.hidden = true;
  }

  /** `only` names those that are shown, where not all of them are. */
  show(parameters: readonly Parameter[], only?: ReadonlySet<string>): void {
    this.parameters = parameters;
    const shape = JSON.stringify(parameters.map((parameter) => ({ ...parameter, value: null })));
    if (shape !== this.shape) {
      this.shape = shape;
      this.controls = new Map(parameters.map((parameter) => [parameter.name, this.control(parameter)]));
      this.list.replaceChildren(...[...this.controls.values()].map(({ element }) => element));
    }
    for (const parameter of parameters) {
      const control = this.controls.get(parameter.name);
      control?.set(parameter);
      if (control === undefined) continue;
      const wanted = only === undefined || only.has(parameter.name);
      control.element.hidden = !wanted || !isOfUse(parameter, parameters);
    }
    this.resetAll.hidden = !this.options.resetAll || this.changed().length === 0;
  }

  /** Puts the keyboard at a parameter's control. */
  focus(name: string): void {
    this.controls.get(name)?.element.querySelector<HTMLElement>('[role="combobox"], input')?.focus();
  }

  private changed(): Parameter[] {
    return this.parameters.filter(({ value, default: standard }) => value !== standard);
  }

  private control(parameter: Parameter): Control {
    const set = (value: ParameterValue): void => {
      this.change({ [parameter.name]: value });
    };
    const field = fieldFor(parameter, set);
    const reset = button({
      text: '↺',
      look: 'icon',
      label: `Reset ${parameter.title}`,
      title: `Back to ${standardTitle(parameter)}`,
      press: () => {
        set(parameter.default);
      },
    });
    const row = h(
      'div',
      { class: 'parameter', title: parameter.note },
      h('span', { class: 'parameter-title', text: parameter.title }),
      field.element,
      reset,
    );
    return {
      element: row,
      set: (now) => {
        field.set(now);
        row.classList.toggle('changed', now.value !== now.default);
        reset.classList.toggle('unneeded', now.value === now.default);
        reset.toggleAttribute('disabled', now.value === now.default);
      },
    };
  }
}

function standardTitle(parameter: Parameter): string {
  return parameter.kind === 'choice'
    ? (parameter.choices.find(({ value }) => value === parameter.default)?.title ?? parameter.default)
    : String(parameter.default);
}

function fieldFor(parameter: Parameter, set: (value: ParameterValue) => void): Control {
  switch (parameter.kind) {
    case 'choice':
      return choiceField(parameter, set);
    case 'number':
      return numberField(parameter, set);
    case 'text':
      return textField(parameter, set);
  }
}

function textField(parameter: Extract<Parameter, { kind: 'text' }>, set: (value: string) => void): Control {
  const field = h('input', {
    class: 'field text',
    attributes: {
      type: 'text',
      maxlength: String(parameter.longest),
      placeholder: parameter.example ?? '',
      'aria-label': parameter.title,
    },
  });
  field.value = parameter.value;
  field.addEventListener('change', () => {
    set(field.value.trim());
  });
  return {
    element: field,
    set: ({ value }) => {
      field.value = String(value);
    },
  };
}

function choiceField(
  parameter: Extract<Parameter, { kind: 'choice' }>,
  set: (value: string) => void,
): Control {
  const control: DropdownControl = dropdown({
    label: parameter.title,
    choices: parameter.choices,
    value: parameter.value,
    change: set,
  });
  return {
    element: control.element,
    set: ({ value }) => {
      control.set(String(value));
    },
  };
}

function numberField(parameter: NumberParameter, set: (value: number) => void): Control {
  const id = uniqueId('parameter');
  const slider = h('input', {
    class: 'slider',
    attributes: { type: 'range', min: '0', max: String(places), step: '1', 'aria-label': parameter.title },
  });
  const field = h('input', {
    class: 'field number',
    attributes: {
      id,
      type: 'number',
      min: String(parameter.minimum),
      max: String(parameter.maximum),
      step: parameter.step > 0 ? String(parameter.step) : 'any',
      'aria-label': `${parameter.title}, exactly`,
    },
  });
  let wanted = parameter.value;
  let current = parameter.value;
  const rest = settled(restBeforeRun, () => {
    if (wanted !== current) set(wanted);
  });
  const show = (value: number): void => {
    slider.value = String(toSlider(parameter, value));
    slider.setAttribute('aria-valuetext', String(value));
    field.value = String(value);
  };
  slider.addEventListener('input', () => {
    wanted = fromSlider(parameter, Number(slider.value));
    field.value = String(wanted);
    slider.setAttribute('aria-valuetext', String(wanted));
    rest.ask();
  });
  if (parameter.step >= 1) {
    // A slider of few whole numbers: each key moves by one of them.
    slider.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      wanted = settle(parameter, wanted + by * parameter.step);
      show(wanted);
      rest.ask();
    });
  }
  field.addEventListener('change', () => {
    const typed = field.valueAsNumber;
    wanted = Number.isFinite(typed) ? settle(parameter, typed) : current;
    show(wanted);
    if (wanted !== current) set(wanted);
  });
  return {
    element: h('span', { class: 'number-field' }, slider, field),
    set: ({ value }) => {
      current = Number(value);
      rest.drop();
      wanted = current;
      show(current);
    },
  };
}

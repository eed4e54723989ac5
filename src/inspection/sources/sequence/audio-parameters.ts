import { placeNumber } from '../../../common/counting.js';
import type { SpeechModel } from '../../../models/index.js';
import type { WritingSettings } from '../../../models/speech/writing.js';
import type { Interval, Parameter, ParameterValues } from '../../../protocol.js';

/** The part of a recording that parameters name: at most as long as the model hears at once. */
export function partIn(values: ParameterValues, duration: number, most: number): Interval {
  const { from, to } = values;
  const start = typeof from === 'number' ? Math.max(0, Math.min(from, duration)) : 0;
  // An end that is not behind the beginning was that of another part.
  const end = typeof to === 'number' && to > start ? to : start + most;
  return { start, end: Math.min(duration, end) };
}

/** Which part of a recording is heard. */
export function partParameters(
  values: ParameterValues,
  duration: number,
  most: number,
): readonly Parameter[] {
  const { start, end } = partIn({ ...values, to: 0 }, duration, most);
  const common = { kind: 'number', minimum: 0, maximum: duration, step: 0 } as const;
  return [
    {
      ...common,
      name: 'from',
      title: 'From',
      note: 'Where the part that is heard begins, in seconds of the recording.',
      value: 0,
      default: 0,
    },
    {
      ...common,
      name: 'to',
      title: 'To',
      note: `Where it ends; the model hears at most ${most} s at once. Where it is not behind “From”, as much as that is heard.`,
      value: start === 0 ? Math.min(duration, most) : end,
      default: start === 0 ? Math.min(duration, most) : end,
    },
  ];
}

const timings = [
  { value: 'off', title: 'Not written' },
  { value: 'on', title: 'Written' },
] as const;

/** How a model writes down what it hears. @param writes whether it writes itself; a transcript was given otherwise */
export function speechParameters(
  model: SpeechModel,
  settings: WritingSettings,
  writes: boolean,
): readonly Parameter[] {
  const { languages, tasks, untimed } = settings;
  const auto = 'auto';
  const choice = (
    name: string,
    title: string,
    note: string,
    choices: readonly { readonly value: string; readonly title: string }[],
  ): Parameter => {
    const [first] = choices;
    return {
      kind: 'choice',
      name,
      title,
      note,
      value: first?.value ?? '',
      default: first?.value ?? '',
      choices,
    };
  };
  const plain = (name: string): string => name.replaceAll(/[<|>]/g, '');
  return [
    ...(tasks.size === 0
      ? []
      : [
          choice('task', 'Task', 'Whether it writes what is said, or what that means in English.', [
            { value: auto, title: 'As the model has it' },
            ...[...tasks.keys()].map((value) => ({ value, title: value })),
          ]),
        ]),
    ...(languages.size === 0
      ? []
      : [
          choice('language', 'Language', 'What is spoken.', [
            {
              value: auto,
              title: settings.language === undefined ? 'As it is heard' : 'As the model has it',
            },
            ...[...languages.keys()]
              .map((value) => ({ value: plain(value), title: plain(value) }))
              .toSorted((a, b) => (a.title < b.title ? -1 : 1)),
          ]),
        ]),
    ...(writes && untimed !== undefined
      ? [
          choice(
            'timestamps',
            'Times',
            `Whether ${model.name} writes times between the words.`,
            settings.timed ? timings.toReversed() : timings,
          ),
        ]
      : []),
    ...(writes
      ? [
          {
            kind: 'text',
            name: 'prompt',
            title: 'Said before',
            note: 'What was said before, or names that will be: the model reads it first, and writes as if it went on.',
            value: '',
            default: '',
            longest: 2000,
          } as const,
        ]
      : []),
    choice(
      'alignment',
      'Alignment',
      'How words are found in the sound: what differs is said below, where transformers’ is chosen.',
      [
        { value: 'openai', title: 'As OpenAI’s program' },
        { value: 'transformers', title: 'As transformers' },
      ],
    ),
    {
      kind: 'text',
      name: 'alignmentHeads',
      title: 'Heads for alignment',
      note: `“layer.head, …”, both counted from ${placeNumber(0)}; as the model has them where left out.`,
      value: '',
      default: '',
      longest: 4000,
      example: `${placeNumber(model.decoder.layers - 1)}.${placeNumber(0)}`,
    },
    choice('medianWidth', 'Median', 'How many frames the alignment’s median is of: more are smoother.', [
      { value: '7', title: '7 frames' },
      ...['1', '3', '5', '9', '11', '15', '21'].map((value) => ({ value, title: `${value} frames` })),
    ]),
  ];
}

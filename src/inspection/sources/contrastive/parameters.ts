import { shortened } from '../../../common/strings.js';
import type { Parameter, ParameterValue } from '../../../protocol.js';
import type { Caption } from './captions.js';

/** What is looked at of a model that compares images with captions. */
export type Side = 'image' | 'text' | 'pooling' | 'match';

export function sideOf(value: ParameterValue | undefined): Side {
  return value === 'text' || value === 'pooling' || value === 'match' ? value : 'image';
}

/** @param pools whether the image half makes one vector of all patches by attention */
export function sideParameter(pools: boolean): Parameter {
  return {
    kind: 'choice',
    name: 'attention',
    title: 'Attention',
    note: 'The halves never attend to each other. The similarity of words and patches is no attention: two projected states are compared, which the model never does.',
    value: 'image',
    default: 'image',
    choices: [
      { value: 'image', title: 'Image to image' },
      ...(pools ? [{ value: 'pooling', title: 'Pooled image to patches' }] : []),
      { value: 'text', title: 'Caption to caption' },
      { value: 'match', title: 'None: similarity of words and patches' },
    ],
  };
}

/** Which of several captions; none where there is one. */
export function captionParameter(captions: readonly Caption[]): readonly Parameter[] {
  if (captions.length < 2) return [];
  return [
    {
      kind: 'choice',
      name: 'caption',
      title: 'Caption',
      note: 'The one whose tokens are shown; the image is compared with all of them.',
      when: { parameter: 'attention', is: ['text', 'match'] },
      value: '0',
      default: '0',
      choices: captions.map(({ text }, at) => ({ value: String(at), title: shortened(text, 60) })),
    },
  ];
}

import { input, label, type Value } from '../../../engine/graph.js';
import {
  inverseSquareRoot,
  matmul,
  multiply,
  rowSum,
  sigmoid,
  softmax,
  transpose,
} from '../../../engine/ops/index.js';
import type { ImageTextPair } from '../../../models/index.js';

/** Rows divided by their lengths. // (rows, feature) */
export function unit(rows: Value): Value {
  return multiply(rows, inverseSquareRoot(rowSum(multiply(rows, rows)), 0));
}

/** The vectors of captions, which are fed. // (caption, feature) */
export function captionLeaf(count: number, width: number): Value {
  return label(input([count, width]), {
    name: 'captions',
    symbol: 'E',
    element: 'e',
    axes: ['caption', 'feature'],
    given: true,
    step: {
      title: 'Captions in the joint space',
      note: 'One row per caption: the projected state of the token that stands for all of it.',
      scale: 'signed',
      phase: 'match',
    },
  });
}

/** What comes of an image and captions. */
export interface Comparison {
  /** // (image, feature) */
  readonly image: Value;
  /** // (image, caption) */
  readonly cosines: Value;
  readonly logits: Value;
  readonly probabilities: Value;
}

/**
 * How well captions fit an image: Radford et al. 2021, fig. 3; Zhai et al. 2023, alg. 1.
 * @param embedding of the image // (1, feature)
 * @param captions // (caption, feature)
 */
export function compare({ space }: ImageTextPair, embedding: Value, captions: Value): Comparison {
  const image = label(embedding, {
    name: 'image',
    symbol: 'v',
    axes: ['image', 'feature'],
    step: {
      title: 'Image in the joint space',
      note: 'What all of the image is taken for.',
      scale: 'signed',
      phase: 'match',
    },
  }); // (image, feature)
  const cosines = label(matmul(unit(image), transpose(unit(captions))), {
    name: 'cosines',
    symbol: 'C',
    element: 'c',
    axes: ['image', 'caption'],
    step: {
      title: 'Similarity of image and captions',
      note: 'The cosine of the angle between the image’s vector and each caption’s. It is no attention.',
      scale: 'signed',
      phase: 'match',
    },
  }); // (image, caption)
  const logits = label(space.logits(cosines), {
    name: 'logits',
    symbol: 'L',
    element: 'l',
    axes: ['image', 'caption'],
    step: {
      title: 'Logits of captions',
      note: space.independent
        ? 'Each cosine times exp(logit_scale), plus logit_bias.'
        : 'Each cosine times exp(logit_scale).',
      scale: 'signed',
      phase: 'match',
    },
  }); // (image, caption)
  const probabilities = label(space.independent ? sigmoid(logits) : softmax(logits), {
    name: 'probabilities',
    symbol: 'P',
    element: 'p',
    axes: ['image', 'caption'],
    step: {
      title: 'Probabilities of captions',
      note: space.independent
        ? 'The sigmoid of each logit by itself: they do not add up to 1.'
        : 'The softmax over the captions that were given: another set of captions has others.',
      scale: space.independent ? 'signed' : 'weights',
      phase: 'match',
    },
  }); // (image, caption)
  return { image, cosines, logits, probabilities };
}

/** Each token of a caption beside each of an image, as labelled steps. */
export interface Match {
  /** Leaves. // (query, model) and (key, model) */
  readonly words: Value;
  readonly patches: Value;
  readonly steps: readonly Value[];
}

/** @param shapes of the last hidden states of both */
export function match(
  { space }: ImageTextPair,
  shapes: { readonly words: readonly number[]; readonly patches: readonly number[] },
): Match {
  const words = label(input(shapes.words), {
    name: 'words',
    symbol: 'H^T',
    element: 'h^T',
    axes: ['query', 'model'],
    given: true,
    step: {
      title: 'Last states of the caption',
      note: 'One row per token: what the last layer of the half that reads texts gives.',
      scale: 'signed',
      phase: 'match',
    },
  }); // (query, model)
  const patches = label(input(shapes.patches), {
    name: 'patches',
    symbol: 'H^I',
    element: 'h^I',
    axes: ['key', 'model'],
    given: true,
    step: {
      title: 'Last states of the image',
      note: 'One row per token: what the last layer of the half that reads images gives.',
      scale: 'signed',
      phase: 'match',
    },
  }); // (key, model)
  const projectedWords = label(space.words(words), {
    name: 'projected_words',
    symbol: 'T',
    element: 't',
    axes: ['query', 'feature'],
    step: {
      title: 'Caption’s tokens in the joint space',
      note: 'Each token’s last state is projected as if it stood for the whole caption, which only one was trained to.',
      scale: 'signed',
      phase: 'match',
    },
  }); // (query, feature)
  const projectedPatches = label(space.patches(patches), {
    name: 'projected_patches',
    symbol: 'U',
    element: 'u',
    axes: ['key', 'feature'],
    step: {
      title: 'Image’s tokens in the joint space',
      note: space.patchesNote,
      scale: 'signed',
      phase: 'match',
    },
  }); // (key, feature)
  const similarity = label(matmul(unit(projectedWords), transpose(unit(projectedPatches))), {
    name: 'similarity',
    symbol: 'C^{T I}',
    element: 'c',
    axes: ['query', 'key'],
    step: {
      title: 'Similarity of words and patches (not attention)',
      note: 'The cosine of the angle between two projected states. The model never computes it, and nothing is passed along it: it is no attention.',
      scale: 'signed',
      phase: 'match',
    },
  }); // (query, key)
  return { words, patches, steps: [words, patches, projectedWords, projectedPatches, similarity] };
}

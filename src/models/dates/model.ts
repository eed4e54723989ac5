import { readAttendParameters } from '../../engine/mechanisms/index.js';
import { readStateParameters } from '../../engine/mechanisms/states.js';
import type { ParameterValues } from '../../engine/mechanisms/index.js';
import { isRecord } from '../../common/values.js';
import type { DateScore } from '../description.js';
import { ModelError } from '../error.js';
import { folderAt, readJson, type CheckpointFolder } from '../folder.js';
import type { Json } from '../../formats/json-text.js';
import type { Platform } from '../../platform/platform.js';
import { charactersOf, type Character } from './characters.js';
import { firstCharacter, inputLimit, unknown, type DateGraph } from './graph.js';
import { recurrentGraph } from './recurrent.js';
import { transformerGraph, transformerHeads, type TransformerAttention } from './transformer.js';
import { DateWeights } from './weights.js';

interface Shown {
  readonly title: string;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
}

const shown: Readonly<Record<DateScore, Shown>> = {
  bahdanau: { title: 'Bahdanau', layers: 1, heads: 1, width: 128 },
  luong: { title: 'Luong', layers: 1, heads: 1, width: 128 },
  transformer: { title: 'Transformer', layers: 2, heads: transformerHeads, width: 64 },
};

/** Shares of dates that came out right, every character of them. */
export interface Accuracy {
  /** Of dates on days that it was not trained on, in languages that it was. */
  readonly heldOut: number;
  /** Of dates in languages that it has never seen. */
  readonly unseen: number;
}

/** A text as a date model reads it. */
export interface DateReading {
  /** At most as many as the model reads. */
  readonly characters: readonly Character[];
  /** A number for each of them. */
  readonly ids: readonly number[];
  /** How many characters there would have been. */
  readonly total: number;
  /** Whether there are more, which were not looked at. */
  readonly more: boolean;
}

const maxBytes = 1 << 20;

/** No more of a text is looked at, in UTF-16 units. */
const mostUnits = 1 << 14;

/** A small encoder–decoder that turns a written date into its ISO form, trained by tools/dates/train.py. */
export class DateModel {
  /** "dates-bahdanau" */
  readonly name: string;
  /** "Date model · Bahdanau" */
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** In characters. */
  readonly limit = inputLimit;

  private constructor(
    readonly score: DateScore,
    readonly accuracy: Accuracy,
    private readonly numbers: ReadonlyMap<string, number>,
    private readonly weights: DateWeights,
  ) {
    const { title, ...sizes } = shown[score];
    this.name = `dates-${score}`;
    this.family = `Date model · ${title}`;
    ({ layers: this.layers, heads: this.heads, width: this.width } = sizes);
  }

  /**
   * Opens one of the models of a folder; the caller disposes of it.
   * @throws ModelError when a file is missing or damaged
   */
  static async open(
    platform: Platform,
    from: CheckpointFolder | string,
    score: DateScore,
  ): Promise<DateModel> {
    const folder = typeof from === 'string' ? folderAt(platform, from) : from;
    const accuracy = readAccuracy(
      await readJson(folder, `${score}.json`, maxBytes),
      `${folder.name}: ${score}.json`,
    );
    const vocabulary = readVocabulary(await readJson(folder, 'vocabulary.json', maxBytes), folder.name);
    const numbers = new Map(vocabulary.map((character, at) => [character, at + firstCharacter]));
    const weights = await DateWeights.open(platform, folder, `${score}.safetensors`);
    return new DateModel(score, accuracy, numbers, weights);
  }

  /** Of the weights on disk, in bytes. */
  get size(): number {
    return this.weights.size;
  }

  /** A text's characters and their numbers, at most `limit` of them. */
  read(text: string): DateReading {
    const more = text.length > mostUnits;
    const all = charactersOf(more ? text.slice(0, mostUnits) : text);
    const characters = all.slice(0, this.limit);
    return {
      characters,
      ids: characters.map((each) => this.numbers.get(each.text) ?? unknown),
      total: all.length,
      more,
    };
  }

  /** Whether it was trained on a character often enough to tell it from others. */
  knows(character: string): boolean {
    return this.numbers.has(character);
  }

  /**
   * The graph for a text of `count` characters.
   * @param values what is set of the attention's parameters; `attention` picks one of a Transformer's
   * @throws ModelError when a weight is missing or has the wrong shape
   */
  build(count: number, values: ParameterValues): DateGraph {
    const vocabulary = this.numbers.size + firstCharacter;
    const { score, weights } = this;
    if (count < 1 || count > this.limit)
      throw new ModelError(`${this.name} reads 1 to ${this.limit} characters at a time, not ${count}.`);
    if (score !== 'transformer')
      return recurrentGraph(weights, score, vocabulary, count, readStateParameters(values, {}));
    const attention = attentionOf(values['attention']);
    return transformerGraph(weights, vocabulary, count, {
      attention,
      parameters: readAttendParameters(values, {}),
    });
  }

  dispose(): Promise<void> {
    return this.weights.close();
  }
}

function attentionOf(value: string | number | undefined): TransformerAttention {
  return value === 'encoder' || value === 'decoder' ? value : 'cross';
}

function readAccuracy(card: Json, where: string): Accuracy {
  const figures = isRecord(card) ? card['figures'] : undefined;
  const share = (name: string): number => {
    const value = isRecord(figures) ? figures[name] : undefined;
    if (typeof value !== 'number' || !(value >= 0 && value <= 1))
      throw new ModelError(
        `${where} does not say, under "figures", what share of dates came out right ("${name}").`,
      );
    return value;
  };
  return { heldOut: share('heldOut'), unseen: share('unseen') };
}

function readVocabulary(value: Json, folder: string): string[] {
  const characters = Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  if (
    !Array.isArray(value) ||
    characters.length !== value.length ||
    new Set(characters).size !== value.length
  )
    throw new ModelError(`${folder}: vocabulary.json is not a list of different characters.`);
  return characters;
}

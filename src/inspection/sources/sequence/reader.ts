import type { Generation } from '../../../models/index.js';
import type { Labels, Medium, Parameter, ParameterValues } from '../../../protocol.js';
import type { CharacterRange, CaptionModel, Model } from '../../../models/index.js';
import type { Picture } from '../../core/subject.js';
import type { SequenceInput } from '../../run/sequence-run.js';

/** A model with a decoder, whatever it reads. */
export type SequenceWriter = CaptionModel | Model;

/** What an encoder–decoder model reads, and all that is told of it: a text, or an image. */
export interface SequenceReader {
  readonly model: SequenceWriter;
  /** What is read and written, in a title: “The cat …”, photo.png. */
  readonly title: string;
  readonly media: readonly Medium[];
  readonly pictures?: ReadonlyMap<string, Picture>;
  /** The target, where that is not to be written but given, and its medium. */
  readonly target: { readonly text: string; readonly medium: Medium } | undefined;
  /** Which attention is shown, and controls of what is read. */
  readonly parameters: readonly Parameter[];
  /** The most keys of its attention. */
  readonly limit: number;
  /** Releases the model. */
  release(): Promise<void>;
  /** @throws ModelError where the model cannot read it */
  read(values: ParameterValues): Promise<Read>;
}

/** What was read, under some parameters. */
export interface Read {
  /** The same for what is read alike. */
  readonly key: string;
  readonly input: SequenceInput;
  /** Tokens of a text; none of an image. */
  readonly ids: readonly number[];
  readonly labels: Labels;
  /** How much it is: "12", "65 (8 × 8 patches)". */
  readonly size: string;
  /** What a decoder begins with, by the model's own beginning, and the token that has to come at a place. */
  begin(own: number | undefined): {
    readonly start: number | undefined;
    forced(place: number): number | undefined;
  };
  /**
   * What the decoder reads of a target that is given.
   * @param expected the token that the model itself would begin with
   */
  target(start: number, text: string, expected: () => Promise<number>): Promise<ReadTarget>;
  /** What a reader should know first. @param target what the decoder read */
  notices(generation: Generation, target: readonly number[]): readonly string[];
  /** What of it was not read, in sentences. */
  readonly losses: readonly string[];
}

/** A target that was given, as the decoder reads it. */
export interface ReadTarget {
  readonly ids: readonly number[];
  /** Where each token after the first stands in the text. */
  readonly ranges: readonly (CharacterRange | null)[];
  readonly notices: readonly string[];
}

import type { Generation } from '../../../models/index.js';
import type { Labels, Medium, Parameter, ParameterValues } from '../../../protocol.js';
import type { CharacterRange, CaptionModel, Model, SpeechModel } from '../../../models/index.js';
import type { Task } from '../../core/task.js';
import type { Aligner, Picture, Sound } from '../../core/subject.js';
import type { CausalRun } from '../../run/causal-run.js';
import type { WritingRules } from '../../run/generation.js';
import type { Layer } from '../../core/subject.js';
import type { SequenceInput, SequenceRun } from '../../run/sequence-run.js';

/** A model with a decoder, whatever it reads. */
export type SequenceWriter = CaptionModel | Model | SpeechModel;

/** What an encoder–decoder model reads, and all that is told of it: a text, an image, or a recording. */
export interface SequenceReader {
  readonly model: SequenceWriter;
  /** What is read and written, in a title: “The cat …”, photo.png. */
  readonly title: string;
  readonly pictures?: ReadonlyMap<string, Picture>;
  /** The target, where that is not to be written but given, and its medium. */
  readonly target: { readonly text: string; readonly medium: Medium } | undefined;
  /** Which attention is shown, and controls of what is read; what they can be may depend on what was set. */
  parameters(values: ParameterValues): readonly Parameter[];
  /** How many tokens are usually written at most; 64 where left out. */
  readonly length?: number;
  /** The most keys of its attention. */
  readonly limit: number;
  /** Releases the model. */
  release(): Promise<void>;
  /** @throws ModelError where the model cannot read it */
  read(values: ParameterValues, task: Task): Promise<Read>;
}

/** What was read, under some parameters. */
export interface Read {
  /** The same for what is read alike. */
  readonly key: string;
  readonly input: SequenceInput;
  readonly media: readonly Medium[];
  readonly sound?: Sound;
  /** Tokens of a text; none of an image. */
  readonly ids: readonly number[];
  readonly labels: Labels;
  /** How much it is: "12", "65 (8 × 8 patches)". */
  readonly size: string;
  /**
   * What the decoder reads before the first token of a text, and what has to come then.
   * @param own the model's own beginning
   * @param run of the decoder, which has read nothing yet: what it says may be asked for
   */
  begin(own: number | undefined, run: CausalRun, task: Task): Opening | Promise<Opening>;
  /**
   * What the decoder reads of a target that is given.
   * @param opening what it reads before
   * @param expected the token that the model itself would begin with
   */
  target(opening: readonly number[], text: string, expected: () => Promise<number>): Promise<ReadTarget>;
  /** What a reader should know first. @param target what the decoder read */
  notices(generation: Generation, target: readonly number[]): readonly string[];
  /**
   * Set where what was written can be aligned with what was read; rows are then all tokens, the last one included.
   * @param opening what was read before the text
   */
  align?(run: SequenceRun, opening: Opening, values: ParameterValues): Aligned;
  /** What of it was not read, in sentences. */
  readonly losses: readonly string[];
}

/** What a decoder begins with. */
export interface Opening {
  /** None where the model does not say what it begins with. */
  readonly tokens: readonly number[];
  /** How many of them are no part of what was written; one where left out. */
  readonly hidden?: number;
  readonly rules?: Pick<WritingRules, 'changes' | 'forced'>;
  /** What was found out on the way, in sentences. */
  readonly notices?: readonly string[];
}

/** Of an attention that reads all that was written: the last token too, behind which nothing was written yet. */
export interface Aligned {
  /** The layers with the steps of the alignment behind their own, where it has the same rows. */
  readonly layers: readonly Layer[];
  readonly aligner: Aligner | undefined;
  readonly notices: readonly string[];
}

/** A target that was given, as the decoder reads it. */
export interface ReadTarget {
  readonly ids: readonly number[];
  /** Where each token after the first stands in the text. */
  readonly ranges: readonly (CharacterRange | null)[];
  readonly notices: readonly string[];
}

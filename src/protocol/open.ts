import type { Continuation } from './generation.js';
import type { InspectionSummary, ParameterValues } from './inspection.js';
import type { Intervention } from './interventions.js';
import type { FileReference, ModelReference } from './models.js';
import type { WireTensor } from './wire.js';

/** What is to be inspected. */
export type Material =
  /**
   * One text, or two. With a mechanism, the second is that of the queries; with an encoder–decoder model, the target; with
   * one that answers questions, the text that answers.
   */
  | { readonly kind: 'text'; readonly texts: readonly [string] | readonly [string, string] }
  /** Read by a model that reads images. */
  | {
      readonly kind: 'image';
      readonly file: FileReference;
      /** What a model that writes about images is to have written. */
      readonly text?: string;
    }
  /** Read by a model that listens. Which part of it is read are parameters, `from` and `to`, in seconds. */
  | {
      readonly kind: 'audio';
      readonly file: FileReference;
      /** What is said in it, to be aligned; the model writes it itself where left out. */
      readonly text?: string;
    }
  | {
      readonly kind: 'files';
      readonly files: readonly FileReference[];
      /** Tensor key → role, where names and shapes do not tell. */
      readonly roles?: Readonly<Record<string, string>>;
    }
  /** Under a mechanism's input names. */
  | { readonly kind: 'tensors'; readonly tensors: Readonly<Record<string, WireTensor>> };

/** What it is to be read by. */
export interface ReadBy {
  /** Of text or an image; an embedded one where left out. */
  readonly model?: ModelReference;
  /** A mechanism's id. Of text, it runs on the model's embeddings alone; of tensors, it is told from their names where left out. */
  readonly mechanism?: string;
}

export interface OpenRequest {
  readonly material: Material;
  readonly by?: ReadBy;
  readonly parameters?: ParameterValues;
  /** Steps that are set from outside while it runs. */
  readonly interventions?: readonly Intervention[];
  /** What the model wrote before, to have it again. A model that has changed since writes anew. */
  readonly continuation?: Continuation;
}

/** A tensor in a file whose role could not be told, and what it may be. */
export interface RoleQuestion {
  readonly tensors: readonly {
    readonly key: string;
    readonly name: string;
    readonly file: string;
    readonly shape: readonly number[];
  }[];
  readonly roles: readonly { readonly role: string; readonly title: string }[];
  /** What has been told already, by name and shape: tensor key → role. */
  readonly known: Readonly<Record<string, string>>;
  /** Why it asks, in a sentence. */
  readonly reason: string;
  /** What besides roles has to be said before it can be read, each a parameter: axes, a number of heads, what a mask means. */
  readonly settings?: readonly QuestionSetting[];
  /** What was left out, and why, in sentences. */
  readonly notices?: readonly string[];
}

/** A parameter that has to be given before what is read can be opened, and what it can be. */
export interface QuestionSetting {
  readonly parameter: string;
  readonly title: string;
  /** Why it asks, in a sentence. */
  readonly reason: string;
  readonly choices: readonly {
    readonly value: string;
    readonly title: string;
    /** What it would make of what was read, in a line of text: of a mask its first rows, with █ for a key that takes part, + for one whose score is raised. */
    readonly picture?: string;
  }[];
}

/** An inspection, or what has to be answered first. */
export type OpenResult =
  | { readonly kind: 'inspection'; readonly summary: InspectionSummary }
  | { readonly kind: 'question'; readonly question: RoleQuestion };

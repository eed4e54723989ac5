export type { FoundModel, ModelDescription, ModelReference } from '../models/description.js';

/** A file on the engine's own disk, or, for virtual workspaces, its bytes. */
export type FileReference =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array };

/** A mechanism as lists show it. */
export interface MechanismDescription {
  readonly id: string;
  readonly title: string;
  /** Where it was published. */
  readonly source: string;
}

/** What a model is. */
export interface ModelDigest {
  /** A hash of the contents of all its files, the same wherever they lie. */
  readonly digest: string;
  /** What it is called here, by paths and times: what a continuation says of who wrote it. */
  readonly identity: string;
}

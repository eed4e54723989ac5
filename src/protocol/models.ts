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

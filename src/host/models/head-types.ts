import { EventEmitter } from 'vscode';
import type { RequestOptions } from '../../channel.js';
import type { HeadKinds, HeadKindsState, ModelReference } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { EngineClient } from '../transports/client.js';
import type { InspectionRequest } from '../session/request.js';
import { SavedKinds } from './saved-head-types.js';

/** What is known of models' heads: found once, and kept until a model's files change. */
export class Kinds extends Disposable {
  private readonly emitter = this.own(new EventEmitter<ModelReference>());
  /** A model's kinds were found. */
  readonly onDidFind = this.emitter.event;
  private readonly saved: SavedKinds;

  /** @param folder where they are kept */
  constructor(
    private readonly engine: EngineClient,
    folder: string,
  ) {
    super();
    this.saved = new SavedKinds(folder);
  }

  /** What is known of the heads that an inspection shows. */
  async of(request: InspectionRequest): Promise<HeadKindsState> {
    // A mechanism on word vectors has heads of its own.
    if (request.kind !== 'text' || request.mechanism !== undefined) return { kind: 'none' };
    return this.ofModel(request.model);
  }

  /** What is known of the heads of a model. */
  async ofModel(model: ModelReference): Promise<HeadKindsState> {
    const identity = await this.engine.request('kindIdentity', { model }).catch(() => null);
    if (identity === null) return { kind: 'none' };
    const kinds = await this.saved.read(identity);
    return kinds === undefined ? { kind: 'unknown' } : { kind: 'known', kinds };
  }

  /** Probes a model, and keeps what was found. @throws what the engine throws, or the disk */
  async find(model: ModelReference, options?: RequestOptions): Promise<HeadKinds> {
    const kinds = await this.engine.request('headKinds', { model }, options);
    await this.saved.write(kinds);
    this.emitter.fire(model);
    return kinds;
  }
}

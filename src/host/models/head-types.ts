import { EventEmitter } from 'vscode';
import type { RequestOptions } from '../../channel.js';
import type { HeadTypes, HeadTypesState, ModelReference } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { EngineClient } from '../transports/client.js';
import type { InspectionRequest } from '../session/request.js';
import { SavedHeadTypes } from './saved-head-types.js';

/** What is known of models' heads: found once, and kept until a model's files change. */
export class KnownHeadTypes extends Disposable {
  private readonly emitter = this.own(new EventEmitter<ModelReference>());
  /** A model's heads were classified. */
  readonly onDidFind = this.emitter.event;
  private readonly saved: SavedHeadTypes;

  /** @param folder where they are kept */
  constructor(
    private readonly engine: EngineClient,
    folder: string,
  ) {
    super();
    this.saved = new SavedHeadTypes(folder);
  }

  /** What is known of the heads that an inspection shows. */
  async of(request: InspectionRequest): Promise<HeadTypesState> {
    // A mechanism on word vectors has heads of its own.
    if (request.kind !== 'text' && request.kind !== 'image') return { kind: 'none' };
    if (request.kind === 'text' && request.mechanism !== undefined) return { kind: 'none' };
    return this.ofModel(request.model);
  }

  /** What is known of the heads of a model. */
  async ofModel(model: ModelReference): Promise<HeadTypesState> {
    const identity = await this.engine.request('headTypesIdentity', { model }).catch(() => null);
    if (identity === null) return { kind: 'none' };
    const types = await this.saved.read(identity);
    return types === undefined ? { kind: 'unknown' } : { kind: 'known', types };
  }

  /** Probes a model, and keeps what was found. @throws what the engine throws, or the disk */
  async find(model: ModelReference, options?: RequestOptions): Promise<HeadTypes> {
    const types = await this.engine.request('headTypes', { model }, options);
    await this.saved.write(types);
    this.emitter.fire(model);
    return types;
  }
}

import { CancelledError, Channel } from '../../src/channel.js';
import type {
  InspectionSummary,
  Moved,
  PanelMethods,
  PanelNotices,
  PanelReports,
  PanelState,
  Position,
} from '../../src/protocol.js';
import { connectHost } from '../../webview/host.js';

type Nothing = Record<never, never>;

/** A panel's page without views: it asks what a page asks, and keeps what it is told. */
export class ContractPage {
  readonly states: PanelState[] = [];
  readonly moves: Moved[] = [];
  readonly channel: Channel<PanelMethods, PanelReports, Nothing, PanelNotices>;

  constructor() {
    this.channel = new Channel(
      connectHost(),
      {},
      {
        state: (state) => this.states.push(state),
        position: (moved) => this.moves.push(moved),
      },
    );
  }

  /** Comes up, and takes on what is open. @throws Error where nothing is */
  async ready(): Promise<{ readonly summary: InspectionSummary; readonly position: Position }> {
    return inspectionOf(await this.channel.request('ready', null));
  }

  /** The last that the host told of. */
  get told(): { readonly summary: InspectionSummary; readonly position: Position } {
    const last = this.states.at(-1);
    if (last === undefined) throw new Error('The host has told of no state.');
    return inspectionOf(last);
  }

  close(): void {
    this.channel.dispose(new CancelledError('The page is gone.'));
  }
}

function inspectionOf(state: PanelState): Extract<PanelState, { kind: 'inspection' }> {
  if (state.kind === 'inspection') return state;
  throw new Error(state.kind === 'failed' ? state.message : `“${state.title}” is still running.`);
}

import { commands, l10n, window } from 'vscode';
import type { Uri, WebviewView, WebviewViewProvider } from 'vscode';
import { Channel } from '../../channel.js';
import type { ExploreMethods, ExploreNotices, ExploreReports, ExploreState } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { Releasable } from '../base/disposable.js';
import type { Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import { pagesFolder, pageShell } from './page.js';
import { PageMoves } from './page-moves.js';
import { webviewPort } from './webview-port.js';

type Nothing = Record<never, never>;
type ExploreChannel = Channel<Nothing, ExploreNotices, ExploreMethods, ExploreReports>;

/** The side panel's controls: they follow the inspection that is looked at, and what is changed in them changes it. */
export class Explore extends Disposable implements WebviewViewProvider {
  private channel: ExploreChannel | undefined;
  private following: Releasable[] = [];
  private readonly moves = new PageMoves((moved) => {
    this.channel?.notify('position', moved);
  });

  constructor(
    private readonly extension: Uri,
    private readonly inspections: Sessions,
  ) {
    super();
    this.own(window.registerWebviewViewProvider('attention-inspector.explore', this));
    this.own(
      inspections.onDidChangeActive((active) => {
        this.follow(active);
      }),
    );
    this.follow(inspections.active);
  }

  resolveWebviewView({ webview, onDidDispose }: WebviewView): void {
    const { inspections } = this;
    const channel = new Channel<Nothing, ExploreNotices, ExploreMethods, ExploreReports>(
      webviewPort(webview),
      {
        ready: () => this.state(),
        change: async ({ parameters }) => {
          await inspections.active?.change(parameters);
          return null;
        },
        inspectSelection: async () => {
          await commands.executeCommand('attention-inspector.inspectSelection');
          return null;
        },
      },
      {
        position: (move) => {
          if (inspections.active !== undefined) this.moves.make(inspections.active, move);
        },
      },
    );
    this.channel?.dispose();
    this.channel = this.own(channel);
    onDidDispose(() => {
      channel.dispose();
      if (this.channel === channel) this.channel = undefined;
    });
    webview.options = { enableScripts: true, localResourceRoots: [pagesFolder(this.extension)] };
    webview.html = pageShell(webview, this.extension, 'explore', l10n.t('Explore'));
  }

  override dispose(): void {
    this.unfollow();
    super.dispose();
  }

  private follow(inspection: Session | undefined): void {
    this.unfollow();
    const tell = (): void => {
      this.channel?.notify('state', this.state());
    };
    if (inspection !== undefined) {
      this.following = [
        inspection.onDidChangeState(tell),
        inspection.onDidMove((position) => {
          this.moves.follow(position);
        }),
      ];
    }
    tell();
  }

  private unfollow(): void {
    for (const subscription of this.following) subscription.dispose();
    this.following = [];
  }

  private state(): ExploreState {
    const { active } = this.inspections;
    // While it runs again the controls stay as they are.
    if (active?.summary === undefined) return { kind: 'none' };
    const { id, title, subtitle, mechanism, layers, heads, parameters } = active.summary;
    return {
      kind: 'inspection',
      summary: { id, title, subtitle, mechanism, layers, heads, parameters },
      position: active.position,
    };
  }
}

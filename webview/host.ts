import { unpack } from '../src/channel.js';
import type { Port } from '../src/channel.js';
import { countFromOf, countLayersAndHeadsFrom } from '../src/common/counting.js';

/** What VS Code gives a webview's page, once. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** The extension host as a page sees it: a port for the channel, and a place for where the user was. */
export interface Host extends Port {
  /** What `remember` was last given, in an earlier life of this page; nothing that can be trusted in shape. */
  recall(): unknown;
  remember(state: object): void;
  /** Which inspection the page shows now. It is kept beside what is remembered: by it a reloaded window finds what a tab showed. */
  identify(inspection: string): void;
}

/** Can be called once a page. */
export function connectHost(): Host {
  countLayersAndHeadsFrom(countFromOf(document.documentElement.dataset['countFrom']));
  const api = acquireVsCodeApi();
  let inspection: string | undefined;
  const keep = (state: unknown): void => {
    api.setState({ ...(typeof state === 'object' ? state : {}), inspection });
  };
  const identify = (shown: string): void => {
    if (shown === inspection) return;
    inspection = shown;
    keep(api.getState());
  };
  // The host names it in the page, so that it is kept also where there is never a result.
  const first = document.documentElement.dataset['inspection'];
  if (first !== undefined) identify(first);
  return {
    post: (message) => {
      api.postMessage(message);
    },
    listen: (listener) => {
      const receive = (event: MessageEvent<unknown>): void => {
        listener(unpack(event.data));
      };
      window.addEventListener('message', receive);
      return () => {
        window.removeEventListener('message', receive);
      };
    },
    recall: () => api.getState(),
    remember: keep,
    identify,
  };
}

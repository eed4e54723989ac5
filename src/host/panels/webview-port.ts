import type { Webview } from 'vscode';
import { pack } from '../../channel.js';
import type { Port } from '../../channel.js';

/** A webview as a port for a channel. */
export function webviewPort(webview: Pick<Webview, 'onDidReceiveMessage' | 'postMessage'>): Port {
  return {
    post: (message) => {
      // A page that is hidden or gone gets nothing; it asks for everything when it is shown again.
      webview.postMessage(pack(message)).then(undefined, () => undefined);
    },
    listen: (listener) => {
      const subscription = webview.onDidReceiveMessage(listener);
      return () => {
        subscription.dispose();
      };
    },
  };
}

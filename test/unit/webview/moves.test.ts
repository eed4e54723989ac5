import { noPictures } from '../../support/pages.js';
import assert from 'node:assert/strict';
import { Channel } from '../../../src/channel.js';
import type { Port } from '../../../src/channel.js';
import type { InspectionSummary, PanelNotices, PanelReports } from '../../../src/protocol.js';
import type { PanelChannel } from '../../../webview/panel.js';
import { Panel } from '../../../webview/panel.js';

type Nothing = Record<never, never>;

const summary: InspectionSummary = {
  id: 'one',
  revision: 1,
  title: 'a text',
  subtitle: '',
  media: [],
  mechanism: { id: 'multi-head', title: 'Multi-head attention' },
  layers: 2,
  heads: 12,
  queries: { count: 2 },
  keys: { count: 2 },
  steps: [
    {
      name: 'weights',
      title: 'Weights',
      tex: 'A',
      symbol: 'A',
      note: '',
      rows: { axis: 'query', size: 2 },
      columns: { axis: 'key', size: 2 },
      scale: 'weights',
      perHead: true,
      perQuery: false,
      phase: 'normalisation',
    },
  ],
  parameters: [],
  notices: [],
  continues: false,
  plots: [],
  timing: { forward: 1 },
};
const at = (head: number) => ({ layer: 0, head, step: 'weights' });

/** A clock of its own: what is put off happens in order when `run` is called, in no time. */
class Clock {
  private now = 0;
  private readonly due: { readonly time: number; readonly run: () => void }[] = [];

  after(milliseconds: number, run: () => void): void {
    this.due.push({ time: this.now + milliseconds, run });
    this.due.sort((a, b) => a.time - b.time);
  }

  run(): void {
    for (let next = this.due.shift(); next !== undefined; next = this.due.shift()) {
      this.now = next.time;
      next.run();
    }
  }
}

/** Two ends of a wire on which every message takes some milliseconds. */
function wire(clock: Clock, milliseconds: number): [Port, Port] {
  const listeners: (((message: unknown) => void) | undefined)[] = [];
  const end = (own: number): Port => ({
    post: (message) => {
      clock.after(milliseconds, () => listeners[1 - own]?.(structuredClone(message)));
    },
    listen: (listener) => {
      listeners[own] = listener;
      return () => {
        listeners[own] = undefined;
      };
    },
  });
  return [end(0), end(1)];
}

/** A panel at head 0, and a host that allows heads up to `most`, with 4 ms between them. */
function connected(most = 11) {
  const clock = new Clock();
  const [near, far] = wire(clock, 4);
  const heads: number[] = [];
  const channel: PanelChannel = new Channel(near, noPictures, {
    position: (moved) => {
      panel.follow(moved);
    },
    state: (state) => {
      panel.show(state);
    },
  });
  const panel = new Panel(channel, null, () => false);
  const host = new Channel<Nothing, PanelNotices, Nothing, PanelReports>(
    far,
    {},
    {
      position: ({ position, number }) => {
        place = { ...position, head: Math.min(position.head, most) };
        host.notify('position', { position: place, answers: number });
      },
    },
  );
  let place = at(0);
  panel.show({ kind: 'inspection', summary, position: place });
  panel.store.watch(
    ({ position }) => position.head,
    (head) => heads.push(head),
  );
  return { clock, panel, host, heads, place: () => place };
}

describe('Moves of a page', () => {
  it('are not undone by their own echoes: 4 ms each way, and a move every 6 ms', () => {
    const { clock, panel, heads } = connected();
    for (const head of [1, 2, 3, 4]) {
      clock.after(6 * head, () => {
        panel.openHead(0, head);
      });
    }
    clock.run();
    assert.deepEqual(heads, [0, 1, 2, 3, 4]);
  });

  it('end where the host has the last of them, if it goes elsewhere', () => {
    const { clock, panel, heads, place } = connected(2);
    for (const head of [1, 3, 5]) {
      clock.after(6 * head, () => {
        panel.openHead(0, head);
      });
    }
    clock.run();
    assert.equal(place().head, 2);
    assert.equal(heads.at(-1), 2);
  });

  it('leave room for those made elsewhere, before and after', () => {
    const { clock, panel, host, heads } = connected();
    clock.after(0, () => {
      panel.openHead(0, 1);
    });
    clock.after(20, () => {
      host.notify('position', { position: at(7), answers: null });
    });
    clock.run();
    assert.deepEqual(heads, [0, 1, 7]);
  });

  it('come out as the host has them where one was made elsewhere at the same time', () => {
    const { clock, panel, host, heads, place } = connected();
    clock.after(10, () => {
      host.notify('position', { position: at(7), answers: null });
    });
    clock.after(12, () => {
      panel.openHead(0, 1);
    });
    clock.run();
    assert.equal(place().head, 1);
    assert.equal(heads.at(-1), 1);
  });

  it('are not undone by a state that was told before the host heard of them', () => {
    const { clock, panel, host, heads, place } = connected();
    clock.after(6, () => {
      panel.openHead(0, 1);
      panel.openHead(0, 2);
    });
    clock.after(8, () => {
      host.notify('state', { kind: 'inspection', summary: { ...summary, revision: 2 }, position: place() });
    });
    clock.run();
    assert.deepEqual(heads, [0, 1, 2]);
  });

  it('count no longer where something else is inspected', () => {
    const { clock, panel, host, heads } = connected();
    clock.after(6, () => {
      panel.openHead(0, 2);
    });
    clock.after(8, () => {
      host.notify('state', { kind: 'inspection', summary: { ...summary, id: 'two' }, position: at(5) });
    });
    clock.run();
    assert.equal(heads.includes(5), true);
  });
});

import './status.css';
import { h } from '../../dom.js';
import type { Panel, PanelView } from '../../panel.js';
import { button } from '../../controls/ui.js';

/** Work that takes less than this is not announced, in milliseconds. */
const patience = 200;

/** What the panel says while there is nothing to look at: waiting, busy, failed. Over a picture that is being renewed, a bar. */
export class StatusView {
  private readonly title = h('p', { class: 'status-title' });
  private readonly message = h('p', { class: 'status-message muted' });
  private readonly fill = h('span', { class: 'progress-fill' });
  private readonly bar = h(
    'div',
    {
      class: 'progress',
      attributes: {
        role: 'progressbar',
        'aria-label': 'Progress',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      },
    },
    this.fill,
  );
  private readonly cancel = button({
    text: 'Cancel',
    press: () => {
      void this.panel.channel.request('cancel', null).catch(this.reportError);
    },
  });
  private readonly retry = button({
    text: 'Retry',
    look: 'primary',
    press: () => {
      void this.panel.channel.request('retry', null).catch(this.reportError);
    },
  });
  private readonly card = h(
    'div',
    { class: 'status-card' },
    this.title,
    this.bar,
    this.message,
    h('div', { class: 'status-actions' }, this.cancel, this.retry),
  );
  readonly element = h('div', { class: 'status', attributes: { 'aria-live': 'polite' } }, this.card);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private announced = false;

  constructor(
    private readonly panel: Panel,
    private readonly reportError: (error: unknown) => void,
  ) {
    panel.store.watch(
      (view) => view.content,
      () => {
        this.draw();
      },
    );
    panel.store.watch(
      (view) => view.busy,
      () => {
        this.draw();
      },
    );
  }

  private draw(): void {
    const view = this.panel.store.get();
    const busy = view.busy !== null || view.content.kind === 'waiting';
    if (!busy) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.announced = false;
    } else if (!this.announced) {
      this.timer ??= setTimeout(() => {
        this.announced = true;
        this.draw();
      }, patience);
    }
    const failed = view.content.kind === 'failed' && !busy;
    this.element.hidden = !(failed || (busy && this.announced));
    this.element.classList.toggle('over', view.content.kind === 'inspection');
    document.body.classList.toggle('renewing', busy && this.announced && view.content.kind === 'inspection');
    this.retry.hidden = !failed;
    this.cancel.hidden = view.busy === null;
    this.bar.hidden = failed;
    if (failed) this.showFailure(view);
    else this.showBusy(view);
  }

  private showFailure({ content }: PanelView): void {
    this.title.textContent = 'This could not be shown.';
    this.message.textContent = content.kind === 'failed' ? content.message : '';
    this.message.classList.remove('muted');
    this.message.setAttribute('role', 'alert');
  }

  private showBusy({ busy }: PanelView): void {
    this.message.removeAttribute('role');
    this.message.classList.add('muted');
    this.title.textContent = busy?.title ?? 'Opening …';
    this.message.textContent = busy?.message ?? '';
    const fraction = busy?.fraction ?? null;
    this.bar.classList.toggle('unknown', fraction === null);
    if (fraction === null) {
      this.bar.removeAttribute('aria-valuenow');
      this.fill.style.width = '';
    } else {
      const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100);
      this.bar.setAttribute('aria-valuenow', String(percent));
      this.fill.style.width = `${percent}%`;
    }
  }
}

import { commands, EventEmitter } from 'vscode';
import type { Event, Memento } from 'vscode';
import { Disposable } from '../base/disposable.js';
import type { Releasable } from '../base/disposable.js';
import type { Session } from './session.js';
import { canBeRemembered, readRemembered } from './request.js';
import type { Remembered } from './request.js';

const mostRecent = 12;
const keys = { open: 'open', recent: 'recent' } as const;

/** The inspections that are open, which of them is looked at, and what was inspected before. */
export class Sessions extends Disposable {
  private readonly changeEmitter = this.own(new EventEmitter<void>());
  private readonly activeEmitter = this.own(new EventEmitter<Session | undefined>());
  /** One was opened or closed, has another state, or the recent ones changed. */
  readonly onDidChange: Event<void> = this.changeEmitter.event;
  /** Another one is looked at. */
  readonly onDidChangeActive = this.activeEmitter.event;

  private readonly opened = new Map<string, Session>();
  private looked: Session | undefined;
  /** What was open or recent when the last run of the extension ended, for panels that are restored. */
  readonly before: readonly Remembered[];
  private saving: NodeJS.Timeout | undefined;
  private readonly told = new Map<string, boolean>();
  private past: readonly Remembered[];

  constructor(private readonly memento: Memento) {
    super();
    this.past = this.read(keys.recent);
    this.before = [...this.read(keys.open), ...this.past];
    this.tell();
  }

  get open(): readonly Session[] {
    return [...this.opened.values()];
  }

  get recent(): readonly Remembered[] {
    return this.past.filter(({ id }) => !this.opened.has(id));
  }

  get active(): Session | undefined {
    return this.looked;
  }

  /** What a restored panel showed. */
  remembered(id: string): Remembered | undefined {
    return [...this.past, ...this.before].find((entry) => entry.id === id);
  }

  add(inspection: Session): void {
    this.opened.set(inspection.id, inspection);
    const subscriptions: Releasable[] = [
      inspection.onDidChangeState(() => {
        this.saveSoon();
        this.changeEmitter.fire();
      }),
      inspection.onDidMove(() => {
        this.saveSoon();
      }),
      inspection.onDidDispose(() => {
        for (const subscription of subscriptions) subscription.dispose();
        this.remove(inspection);
      }),
    ];
    this.saveSoon();
    this.changeEmitter.fire();
  }

  /** The one whose panel was last looked at; a closed one gives way to the last opened. */
  activate(inspection: Session | undefined): void {
    if (inspection === this.looked) return;
    this.looked = inspection;
    this.tell();
    this.activeEmitter.fire(inspection);
    this.changeEmitter.fire();
  }

  forget(id?: string): void {
    this.past = id === undefined ? [] : this.past.filter((entry) => entry.id !== id);
    this.save();
    this.changeEmitter.fire();
  }

  override dispose(): void {
    if (this.saving !== undefined) this.save();
    super.dispose();
  }

  private remove(inspection: Session): void {
    this.opened.delete(inspection.id);
    if (inspection.summary !== undefined && canBeRemembered(inspection.request)) {
      const others = this.past.filter(({ id }) => id !== inspection.id);
      this.past = [inspection.remembered, ...others].slice(0, mostRecent);
    }
    if (this.disposed) return;
    this.saveSoon();
    this.tell();
    if (this.looked === inspection) this.activate(this.open.at(-1));
    else this.changeEmitter.fire();
  }

  private read(key: string): readonly Remembered[] {
    const kept = this.memento.get<unknown>(key);
    if (!Array.isArray(kept)) return [];
    return kept.map(readRemembered).filter((entry) => entry !== undefined);
  }

  /** Moves come in swarms, and an inspection that takes another's place is one more and one fewer. */
  private saveSoon(): void {
    this.saving ??= setTimeout(() => {
      this.save();
    }, 500);
  }

  private save(): void {
    clearTimeout(this.saving);
    this.saving = undefined;
    const open = this.open
      .filter(({ request }) => canBeRemembered(request))
      .map(({ remembered }) => remembered);
    void this.memento.update(keys.open, open);
    void this.memento.update(keys.recent, this.past);
    this.tell();
  }

  /** For the `when` clauses of the manifest. */
  private tell(): void {
    const facts = { active: this.looked !== undefined, recent: this.past.length > 0 };
    for (const [name, is] of Object.entries(facts)) {
      if (this.told.get(name) === is) continue;
      this.told.set(name, is);
      void commands.executeCommand('setContext', `attention-inspector.${name}`, is);
    }
  }
}

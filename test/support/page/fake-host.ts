import './activity.js';
import type { Call } from '../../../src/channel.js';
import { CancelledError, Channel, pack } from '../../../src/channel.js';
import type {
  ExploreMethods,
  ExploreState,
  LayerPicture,
  ModelPage,
  ModelPageMethods,
  ModelPageNotices,
  Move,
  HeadTypesState,
  Moved,
  PageMethods,
  PanelMethods,
  PanelNotices,
  PanelReports,
  PanelState,
  ParameterValues,
  Position,
  ReaderChoice,
  Variant,
} from '../../../src/protocol.js';
import { nearestPosition } from '../../../src/position.js';
import { read, written } from './lent.js';
import type { Subject } from './answers.js';
import { Answers } from './answers.js';
import { candidatesOf, classesOf, continuationOf } from './expectations.js';
import { linesOf, rankingOf } from './head-answers.js';
import { plots } from './plots.js';

/** How a test wants the host to behave. Plain data: it is passed into the page. */
export interface Behaviour {
  readonly subject: Subject | null;
  readonly position: Position;
  /** What an earlier page left with `setState`. */
  readonly persisted: unknown;
  /** Milliseconds before each reply. */
  readonly delay: number;
  /** Milliseconds that every message travels, either way. */
  readonly latency: number;
  /** Methods that are not answered until the test releases them. */
  readonly held: readonly string[];
  /** Methods that fail, with their sentence. */
  readonly failing: Readonly<Record<string, string>>;
  readonly id: string;
  readonly first: PanelState | null;
  readonly headTypes: HeadTypesState;
  /** The models that could read what is shown. */
  readonly readers: readonly ReaderChoice[];
  /** What the page of a model is told. */
  readonly model: ModelAnswers | null;
}

/** A model’s page, and the pictures of its layers. */
export interface ModelAnswers {
  readonly page: ModelPage;
  readonly isUsed: boolean;
  /** [stack][layer] */
  readonly layers: readonly (readonly LayerPicture[])[];
}

export interface Seen {
  readonly name: string;
  readonly body: unknown;
}

/** What an engine is asked, where a test lends one. */
const lent = new Set([
  ...['slice', 'arithmetic', 'thumbnails', 'findings', 'metrics', 'candidates'],
  ...['waveform', 'spectrogram', 'samples', 'alignment', 'rankHeads'],
]);

/** Both pages speak much the same language; only the answer to `ready` differs. */
type HostMethods = Omit<PanelMethods & ExploreMethods & ModelPageMethods, 'ready'> & {
  ready: { params: null; result: PanelState | ExploreState };
};
type HostNotices = Omit<PanelNotices & ModelPageNotices, 'state' | 'position'> & {
  state: PanelState | ExploreState;
  position: Moved;
};

/** Plays the extension host inside of the page, over the real channel; tests steer and read it as `window.fakeHost`. */
export class FakeHost {
  readonly reports: Seen[] = [];
  readonly requests: Seen[] = [];
  readonly cancelled: string[] = [];
  readonly violations: string[] = [];
  state: unknown;
  answers: Answers | null;
  /** What stands beside the inspection since the last comparison. */
  private variants = new Map<string, Answers>();
  private compared = 0;
  /** Answers what was held, and holds nothing any more. */
  release: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => {
    this.release = resolve;
  });
  delay: number;
  place: Position;
  /** Where the host goes when a page wants to be somewhere. */
  allow = (wanted: Position): Position =>
    this.answers === null ? wanted : nearestPosition(this.answers.summary(), wanted);
  failing: Record<string, string>;
  readonly panel: Channel<PageMethods, HostNotices, HostMethods, PanelReports>;

  constructor(
    private readonly behaviour: Behaviour,
    private readonly explore: boolean,
  ) {
    this.state = behaviour.persisted;
    this.delay = behaviour.delay;
    this.place = behaviour.position;
    this.failing = { ...behaviour.failing };
    this.answers = behaviour.subject === null ? null : new Answers(behaviour.subject, behaviour.id);
    let receive: (message: unknown) => void = () => undefined;
    const noted =
      (name: string) =>
      (body: unknown): void => {
        this.reports.push({ name, body });
      };
    const api = {
      // Like VS Code, messages are copied, and arrive in a later task.
      postMessage: (message: unknown) => {
        const copy: unknown = structuredClone(message);
        setTimeout(() => {
          receive(copy);
        }, behaviour.latency);
      },
      getState: () => this.state,
      setState: (state: unknown) => {
        this.state = structuredClone(state);
      },
    };
    Object.assign(window, { acquireVsCodeApi: () => api });
    document.addEventListener('securitypolicyviolation', (event) => {
      this.violations.push(
        `${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`,
      );
    });
    const answer =
      <P, R>(method: string, give: (params: P, call: Call) => R | Promise<R>) =>
      async (params: P, call: Call): Promise<R> => {
        this.requests.push({ name: method, body: params });
        call.signal.addEventListener('abort', () => this.cancelled.push(method));
        if (behaviour.held.includes(method)) await this.released;
        if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
        if (call.signal.aborted) throw new CancelledError();
        const sentence = this.failing[method];
        if (sentence !== undefined) {
          // What is shown is still true: controls go back to it.
          if (method === 'change') this.show();
          throw new Error(sentence);
        }
        if (window.askEngine !== undefined && lent.has(method)) {
          // What the engine answers is what its protocol says; the real host reads it no closer.
          return read(await window.askEngine(written({ method, params }))) as R;
        }
        return give(params, call);
      };
    this.panel = new Channel<PageMethods, HostNotices, HostMethods, PanelReports>(
      {
        post: (message) => {
          // As the real one sends it.
          const copy: unknown = structuredClone(pack(message));
          setTimeout(
            () => window.dispatchEvent(new MessageEvent('message', { data: copy })),
            behaviour.latency,
          );
        },
        listen: (listener) => {
          receive = listener;
          return () => undefined;
        },
      },
      {
        // Both pages ask the same question; each takes its own kind of answer.
        ready: answer('ready', () => (explore ? this.exploreState() : this.first())),
        slice: answer('slice', (params) => this.at(params).slice(params)),
        arithmetic: answer('arithmetic', (params) => this.at(params).arithmetic(params)),
        thumbnails: answer('thumbnails', (params) => this.at(params).thumbnails(params.size, params.layers)),
        findings: answer('findings', (params) => this.at(params).subject.given?.findings ?? []),
        metrics: answer('metrics', (params) => this.at(params).metrics(params.layer, params.head)),
        compare: answer('compare', ({ variants }) => this.compare(variants)),
        plot: answer('plot', ({ name }) => {
          const plot = plots.find((each) => each.name === name);
          if (plot === undefined) throw new Error(`There is no plot “${name}” here.`);
          return plot;
        }),
        candidates: answer('candidates', (params) => {
          const { revision, subject } = this.at(params);
          return candidatesOf(params, revision, subject.queries);
        }),
        rollout: answer('rollout', (params) => this.at(params).rollout(params)),
        classes: answer('classes', (params) => {
          const { revision, subject } = this.at(params);
          return classesOf(params.count, revision, subject.image?.classes ?? []);
        }),
        preview: answer('preview', (params) => this.at(params).preview(params.medium, params.side)),
        waveform: answer('waveform', (params) => this.at(params).heard.waveform(params)),
        spectrogram: answer('spectrogram', (params) => this.at(params).heard.spectrogram(params)),
        samples: answer('samples', (params) => this.at(params).heard.samples(params)),
        alignment: answer('alignment', (params) => this.at(params).heard.alignment()),
        rankHeads: answer('rankHeads', (params) => this.at(params).heard.rankHeads()),
        headRanking: answer('headRanking', (params) => rankingOf(this.at(params), params)),
        lines: answer('lines', (params) => linesOf(this.at(params), params)),
        continue: answer('continue', (params, call) => this.write(params, call)),
        halt: answer('halt', () => null),
        copyCode: answer('copyCode', () => null),
        drop: answer('drop', () => null),
        readers: answer('readers', () => behaviour.readers),
        readWith: answer('readWith', () => null),
        export: answer('export', () => null),
        change: answer('change', ({ parameters }) => {
          this.subject().change(parameters);
          this.variants = new Map();
          this.show();
          return null;
        }),
        headTypes: answer('headTypes', () => behaviour.headTypes),
        classifyHeads: answer('classifyHeads', () => null),
        cancel: answer('cancel', () => null),
        retry: answer('retry', () => {
          this.show();
          return null;
        }),
        describe: answer('describe', () => this.model()),
        layer: answer('layer', ({ stack, layer }) => {
          const picture = this.model().layers[stack]?.[layer];
          if (picture === undefined) throw new Error('There is no such layer.');
          return picture;
        }),
        use: answer('use', () => {
          this.panel.notify('used', true);
          return null;
        }),
        inspectSelection: answer('inspectSelection', () => null),
      },
      {
        position: (move) => {
          this.answer(move);
        },
        hover: noted('hover'),
        answer: noted('answer'),
        copiedPicture: noted('copiedPicture'),
        painted: noted('painted'),
        error: noted('error'),
      },
    );
  }

  subject(): Answers {
    if (this.answers === null) throw new Error('Nothing is inspected.');
    return this.answers;
  }

  /** What is open, or a variant. @throws CancelledError for what is gone: the page is about to be told of what came instead */
  private at({ inspection }: { readonly inspection: string }): Answers {
    const subject = this.subject();
    const found = inspection === subject.id ? subject : this.variants.get(inspection);
    if (found === undefined) throw new CancelledError();
    return found;
  }

  /** Lets the made-up model go on, word by word; what is open then has those words. */
  private write(request: PanelMethods['continue']['params'], call: Call): PanelMethods['continue']['result'] {
    const words = continuationOf(request);
    words.forEach((added, at) => {
      const kept = words.slice(0, at).join('').length;
      const message = `${at + 1} of ${words.length} tokens`;
      call.progress({ message, fraction: (at + 1) / words.length, text: { kept, added } });
    });
    this.subject().extend(words);
    this.variants = new Map();
    this.show();
    return { ending: 'length', text: words.join('') };
  }

  private model(): ModelAnswers {
    const { model } = this.behaviour;
    if (model === null) throw new Error('There is no model.');
    return model;
  }

  private compare(changes: readonly ParameterValues[]): Variant[] {
    this.variants = new Map();
    return changes.map((values) => {
      try {
        const variant = this.subject().variant(`${this.subject().id}-${++this.compared}`, values);
        this.variants.set(variant.id, variant);
        return { kind: 'variant', summary: variant.summary() };
      } catch (error) {
        return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
      }
    });
  }

  /** Goes where the page went, and answers with where that is; as the panel and the Explore view of the host do. */
  private answer({ position, number }: Move): void {
    this.reports.push({ name: 'position', body: position });
    this.place = this.allow(position);
    this.panel.notify('position', { position: this.place, answers: number });
  }

  /** Goes somewhere that the page did not ask for, as when another view moved. */
  move(position: Position): void {
    this.place = position;
    this.panel.notify('position', { position, answers: null });
  }

  /** Tells the page what is open now. */
  show(state?: PanelState): void {
    this.panel.notify('state', this.explore ? this.exploreState() : (state ?? this.inspection()));
  }

  /** Opens something else. */
  open(subject: Subject, id: string): void {
    this.answers = new Answers(subject, id);
    this.show();
  }

  private first(): PanelState {
    return this.behaviour.first ?? this.inspection();
  }

  /** What is open, as the page is told of it. */
  inspectionState(): Extract<PanelState, { kind: 'inspection' }> {
    return this.inspection();
  }

  private inspection(): Extract<PanelState, { kind: 'inspection' }> {
    return {
      kind: 'inspection',
      summary: this.subject().summary(),
      position: this.place,
    };
  }

  private exploreState(): ExploreState {
    return this.answers === null ? { kind: 'none' } : this.inspection();
  }
}

declare global {
  interface Window {
    fakeHost: FakeHost;
    behaviour: Behaviour;
    isExplore: boolean;
  }
}

window.fakeHost = new FakeHost(window.behaviour, window.isExplore);

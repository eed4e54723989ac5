import { isRecord } from '../../common/values.js';
import type { ParameterValues, QuestionSetting } from '../../protocol.js';
import type { InspectionRequest, Remembered } from './request.js';

/** What is needed of VS Code's Memento. */
interface Store {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

interface Reading {
  readonly files: string;
  readonly parameters: ParameterValues;
}

const key = 'fileReadings';
const most = 200;

/** The parameters that say what a file's masks mean, and where its queries stand; what else was tried is not the file's. */
const ofMasks = ['givenMask', 'keepMask', 'padding', 'lengths', 'queryPlaces'] as const;

/** How files were said to be read, each or a set of them: it is asked, and turned round, once. */
export class FileReadings {
  constructor(private readonly store: Store) {}

  /** What was said of the masks of a request's files. */
  recall(request: InspectionRequest): ParameterValues {
    const known = this.of(request)?.parameters ?? {};
    return Object.fromEntries(
      ofMasks.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]] as const])),
    );
  }

  /** What was answered before to these questions about a request's files. A file that is another one by now is asked about anew. */
  answers(
    request: InspectionRequest,
    settings: readonly QuestionSetting[],
  ): Readonly<Record<string, string>> {
    const known = this.of(request)?.parameters ?? {};
    return Object.fromEntries(
      settings.flatMap(({ parameter, choices }) => {
        const found = choices.find(({ value }) => value === known[parameter]);
        return found === undefined ? [] : [[parameter, found.value] as const];
      }),
    );
  }

  /**
   * Keeps what was told of an inspection's files.
   * @param answered the parameters that were asked about
   */
  keep(
    { request, parameters }: Pick<Remembered, 'request' | 'parameters'>,
    answered: ReadonlySet<string> = new Set(),
  ): void {
    if (request.kind !== 'files') return;
    const files = filesOf(request);
    const known = this.of(request);
    const names = new Set<string>([...ofMasks, ...answered, ...Object.keys(known?.parameters ?? {})]);
    const set = [...names].flatMap((name) =>
      parameters[name] === undefined ? [] : [[name, parameters[name]] as const],
    );
    if (set.length === 0 && known === undefined) return;
    const reading: Reading = { files, parameters: Object.fromEntries(set) };
    if (JSON.stringify(known) === JSON.stringify(reading)) return;
    const others = this.all().filter((each) => each.files !== files);
    void this.store.update(key, [reading, ...others].slice(0, most));
  }

  private of(request: InspectionRequest): Reading | undefined {
    if (request.kind !== 'files') return undefined;
    const files = filesOf(request);
    return this.all().find((each) => each.files === files);
  }

  private all(): readonly Reading[] {
    const stored = this.store.get(key);
    return Array.isArray(stored) ? stored.flatMap(readReading) : [];
  }
}

function filesOf({ uris }: { readonly uris: readonly string[] }): string {
  return uris.toSorted().join('\n');
}

function readReading(value: unknown): Reading[] {
  if (!isRecord(value) || typeof value['files'] !== 'string' || !isRecord(value['parameters'])) return [];
  const parameters = Object.entries(value['parameters']).flatMap(([name, each]) =>
    typeof each === 'string' || typeof each === 'number' ? [[name, each] as const] : [],
  );
  return [{ files: value['files'], parameters: Object.fromEntries(parameters) }];
}

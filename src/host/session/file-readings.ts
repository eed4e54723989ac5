import { isRecord } from '../../common/values.js';
import type { ParameterValues } from '../../protocol.js';
import type { InspectionRequest, Remembered } from './request.js';

/** What is needed of VS Code's Memento. */
interface Store {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

interface Reading {
  readonly files: string;
  readonly roles?: Readonly<Record<string, string>>;
  readonly parameters: ParameterValues;
}

const key = 'fileReadings';
const most = 200;

/** The parameters that say what a file's masks mean, and where its queries stand; what else was tried is not the file's. */
const kept = ['givenMask', 'keepMask', 'padding', 'lengths', 'queryPlaces'] as const;

/** How masks were said to be read, for each file or set of files: it is asked, and turned round, once. */
export class FileReadings {
  constructor(private readonly store: Store) {}

  /** A request with what was told of its files, and the parameters that were set for them. */
  recall(request: InspectionRequest): {
    readonly request: InspectionRequest;
    readonly parameters: ParameterValues;
  } {
    const found =
      request.kind === 'files' ? this.all().find(({ files }) => files === filesOf(request)) : undefined;
    if (request.kind !== 'files' || found === undefined) return { request, parameters: {} };
    const { roles, parameters } = found;
    return {
      request: request.roles === undefined && roles !== undefined ? { ...request, roles } : request,
      parameters,
    };
  }

  /** Keeps what was told of an inspection's files. */
  keep({ request, parameters }: Pick<Remembered, 'request' | 'parameters'>): void {
    if (request.kind !== 'files') return;
    const files = filesOf(request);
    const set = kept.flatMap((name) =>
      parameters[name] === undefined ? [] : [[name, parameters[name]] as const],
    );
    const { roles } = request;
    // Answers about masks alone: another role may be told otherwise the next time.
    const isAnswered = Object.values(roles ?? {}).some((role) => /\.(keep|drop|add)$/.test(role));
    const before = this.all();
    const known = before.find((each) => each.files === files);
    if (set.length === 0 && !isAnswered && known === undefined) return;
    const reading: Reading = {
      files,
      ...(isAnswered && roles !== undefined ? { roles } : {}),
      parameters: Object.fromEntries(set),
    };
    if (JSON.stringify(known) === JSON.stringify(reading)) return;
    void this.store.update(key, [reading, ...before.filter((each) => each.files !== files)].slice(0, most));
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
  const { roles } = value;
  const told = isRecord(roles)
    ? Object.entries(roles).flatMap(([tensor, role]) =>
        typeof role === 'string' ? [[tensor, role] as const] : [],
      )
    : [];
  return [
    {
      files: value['files'],
      ...(told.length === 0 ? {} : { roles: Object.fromEntries(told) }),
      parameters: Object.fromEntries(parameters),
    },
  ];
}

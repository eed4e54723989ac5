import type { ExportScope, ModelReference, RoleQuestion } from '../protocol.js';
import { gatherText } from '../text-change.js';
import {
  anyFile,
  cellOf,
  checkCount,
  checkedOptions,
  checkFiles,
  checkMismatch,
  checkTensors,
  checkText,
  placeOf,
  spanOf,
  type FileKind,
} from './arguments.js';
import { presentPictures } from './pictures.js';
import { presentSound } from './sound.js';
import type {
  Library,
  OpenInspection,
  ExportOptions,
  ExportedBytes,
  InspectOptions,
  InspectImageOptions,
  Asked,
  Answering,
} from './types.js';

export type * from './types.js';

/**
 * Thrown where files do not say which tensor is what, or how its axes lie; its question lists them. Roles are answered with the option
 * `roles`, the question's `settings` with `params`: `{ vectorAxes: 'batch row head feature' }`, `{ heads: '12' }`.
 */
export class RolesNeeded extends Error {
  override readonly name = 'RolesNeeded';
  constructor(readonly question: RoleQuestion) {
    super(question.reason);
  }
}

/**
 * The library's calls, over one way to open things. What a caller passes is looked at before anything is done with it: null counts as
 * left out.
 * @param file what a file can be given as
 */
export function createLibrary<File, More extends object>(
  open: (asked: Asked<File>, options: InspectOptions & Partial<More>) => Promise<Answering>,
  file: FileKind = anyFile,
): Library<File, More> {
  return {
    async inspectText(text, given) {
      checkText('The text for inspectText', text);
      const options = checkedOptions('inspectText', given);
      const { model, mechanism, second } = options;
      const texts = second === undefined ? ([text] as const) : ([text, second] as const);
      const reader = model === undefined ? {} : { model };
      return present(await open({ kind: 'text', texts, ...reader, ...by(mechanism) }, options));
    },
    async inspectImage(image, given) {
      checkFiles('inspectImage', [image], file);
      const options = checkedOptions('inspectImage', given);
      return present(await open({ kind: 'image', file: image, ...readBy(options) }, options));
    },
    async inspectAudio(recording, given) {
      checkFiles('inspectAudio', [recording], file);
      const options = checkedOptions('inspectAudio', given);
      return present(await open({ kind: 'audio', file: recording, ...readBy(options) }, options));
    },
    async inspectTensors(tensors, given) {
      checkTensors('inspectTensors', tensors);
      const options = checkedOptions('inspectTensors', given);
      return present(await open({ kind: 'tensors', tensors, ...by(options.mechanism) }, options));
    },
    async inspectFiles(files, given) {
      const list = isList(files) ? files : [files];
      checkFiles('inspectFiles', list, file);
      const options = checkedOptions('inspectFiles', given);
      const { mechanism, roles } = options;
      const told = roles === undefined ? {} : { roles };
      return present(await open({ kind: 'files', files: list, ...told, ...by(mechanism) }, options));
    },
    async explainMismatch(given, more) {
      checkMismatch(given);
      const options = checkedOptions('explainMismatch', more);
      const { mechanism, roles, params } = options;
      const told = roles === undefined ? {} : { roles };
      const asked: Asked<File> =
        'tensors' in given
          ? { kind: 'tensors', tensors: given.tensors, ...by(mechanism) }
          : {
              kind: 'files',
              files: isList(given.files) ? given.files : [given.files],
              ...told,
              ...by(mechanism),
            };
      if (asked.kind === 'tensors') checkTensors('explainMismatch', asked.tensors);
      else if (asked.kind === 'files') checkFiles('explainMismatch', asked.files, file);
      const opened = await open(asked, { ...options, params: { ...params, explain: 'yes' } });
      const { diagnosis } = opened.summary;
      if (diagnosis === undefined) {
        await opened.dispose();
        throw new Error('There is nothing to explain: no result was given beside the inputs.');
      }
      return Object.assign(present(opened), { diagnosis });
    },
  };
}

/** `Array.isArray` knows nothing of arrays that are read-only. */
function isList<File>(files: File | readonly File[]): files is readonly File[] {
  return Array.isArray(files);
}

function by(mechanism: string | undefined): { readonly mechanism?: string } {
  return mechanism === undefined ? {} : { mechanism };
}

function readBy({ model, text }: Pick<InspectImageOptions, 'model' | 'text'>): {
  readonly model?: string | ModelReference;
  readonly text?: string;
} {
  return { ...(text === undefined ? {} : { text }), ...(model === undefined ? {} : { model }) };
}

function present(inspection: Answering): OpenInspection {
  let disposed: Promise<void> | undefined;
  return {
    ...presentPictures(inspection),
    ...presentSound(inspection),
    get summary() {
      return inspection.summary;
    },
    get steps() {
      return inspection.summary.steps;
    },
    async slice(step, options) {
      checkText('The step for slice', step);
      const { rows, columns, pool, signal, ...place } = checkedOptions('slice', options);
      const { layer, head } = placeOf(place);
      return inspection.slice(
        {
          step,
          layer,
          head,
          ...(rows === undefined ? {} : { rows: spanOf(rows) }),
          ...(columns === undefined ? {} : { columns: spanOf(columns) }),
          ...(pool === undefined ? {} : { pool: { by: 'max', ...pool } }),
        },
        signal,
      );
    },
    async arithmetic(step, cell) {
      checkText('The step for arithmetic', step);
      return inspection.arithmetic({ step, ...cellOf(cell) });
    },
    metrics: async (place) => inspection.metrics(placeOf(checkedOptions('metrics', place))),
    findings: async (place) => inspection.findings(placeOf(checkedOptions('findings', place))),
    async plot(name, place) {
      checkText('The name of a plot', name);
      return inspection.plot({ name, ...placeOf(checkedOptions('plot', place)) });
    },
    async code(language, scope) {
      checkText('The language for code', language);
      return inspection.code({ language, scope: scopeOf(checkedOptions('code', scope)) });
    },
    exporters: () => inspection.exporters(),
    export: (exporter, options) => exported(inspection, exporter, options),
    async continue(options) {
      const { tokens, sampling, signal, onText } = checkedOptions('continue', options);
      checkCount('continue: the option tokens', tokens);
      const { text, ending } = await inspection.continue(
        { tokens, ...(sampling === undefined ? {} : { sampling }) },
        {
          ...(signal === undefined ? {} : { signal }),
          ...(onText === undefined ? {} : { onProgress: gatherText(onText) }),
        },
      );
      return { text, ending, summary: inspection.summary };
    },
    async candidates(query, count = 10) {
      checkCount('The query for candidates', query);
      checkCount('The number of candidates', count);
      return inspection.candidates({ query, count });
    },
    async classes(count = 10) {
      checkCount('The number of classes', count);
      return (await inspection.classes({ count })).classes;
    },
    async preview(options) {
      const { side = 1024, medium } = checkedOptions('preview', options);
      const brought = medium ?? inspection.summary.media.find(({ kind }) => kind === 'image')?.id;
      if (brought === undefined) throw new Error(`“${inspection.summary.title}” shows no image.`);
      return inspection.preview({ medium: brought, side });
    },
    async change(params, options) {
      const { params: values = {} } = checkedOptions<InspectOptions>('change', { params });
      await inspection.change(values, checkedOptions('change', options));
      return inspection.summary;
    },
    dispose: () => (disposed ??= inspection.dispose()),
  };
}

function scopeOf({ layer = 0, head = 'all' }: Partial<ExportScope>): ExportScope {
  return { layer, head };
}

/** Refuses what cannot be exported where it is read, as whatever else goes wrong. */
async function* exported(
  inspection: Answering,
  exporter: string,
  given: ExportOptions | undefined,
): AsyncGenerator<ExportedBytes> {
  checkText('The exporter', exporter);
  const { step, name = 'attention', signal, ...scope } = checkedOptions('export', given);
  yield* inspection.export(
    { exporter, name, scope: scopeOf(scope), ...(step === undefined ? {} : { step }) },
    signal,
  );
}

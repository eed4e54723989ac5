import { posix } from 'node:path';
import { l10n, Uri, window, workspace } from 'vscode';
import type { InspectionSummary } from '../../protocol.js';
import { withProgress } from '../base/progress.js';
import { askPlace } from '../exports/save-picture.js';
import type { Models } from '../models/models.js';
import { modelName, sameModel } from '../models/model-path.js';
import { modelOf } from '../session/request.js';
import type { InspectionRequest } from '../session/request.js';
import type { Session } from '../session/session.js';
import type { SessionEngine } from '../session/session-options.js';
import { pathFrom, sha256Of } from './files.js';
import type { SavedFile, SavedInput, SavedModel, SeenMatrix } from './saved-inspection.js';
import { mostSeenCells, writeSaved } from './saved-inspection.js';

/** The endings of saved inspections: what is written, and what else is read. */
export const savedExtensions = ['inspection.json', 'attention.json'] as const;

export interface SavingContext {
  readonly engine: SessionEngine;
  readonly models: Pick<Models, 'usable'>;
}

/** Asks where to, and saves what was asked, by which model, how, and where the user is in it. */
export async function saveInspection(
  session: Session,
  { engine, models }: SavingContext,
  name: string,
): Promise<void> {
  const summary = await session.ready();
  refuseWhatCannotBeSaved(session.request, summary);
  const chosen = await askPlace(name, l10n.t('Saved inspection'), ['json']);
  if (chosen === undefined) return;
  const place = await endedRight(chosen);
  const reference = modelOf(session.request);
  const model = reference === undefined ? undefined : await savedModel(reference, { engine, models });
  const { parameters, position, continuation } = session.remembered;
  const { mechanism } = { mechanism: undefined, ...session.request };
  const seen = await seenMatrix(session, summary);
  const { title, subtitle } = summary;
  const text = writeSaved({
    title,
    subtitle,
    input: await savedInput(session.request, place),
    ...(model === undefined ? {} : { model }),
    ...(mechanism === undefined ? {} : { mechanism }),
    parameters,
    position,
    ...(continuation === undefined
      ? {}
      : { continuation: { ids: continuation.ids, ending: continuation.ending, drawn: continuation.drawn } }),
    ...(seen === undefined ? {} : { seen }),
  });
  await workspace.fs.writeFile(place, new TextEncoder().encode(text));
  window.setStatusBarMessage(l10n.t('$(check) Saved {0}', posix.basename(place.path)), 4000);
}

/** Dialogs know endings of one part alone; by the second part VS Code knows what opens the file. */
async function endedRight(chosen: Uri): Promise<Uri> {
  if (savedExtensions.some((ending) => chosen.path.endsWith(`.${ending}`))) return chosen;
  const place = chosen.with({ path: `${chosen.path.replace(/\.json$/, '')}.${savedExtensions[0]}` });
  const isThere = await workspace.fs.stat(place).then(
    () => true,
    () => false,
  );
  // The dialog has asked about the name that was chosen alone.
  if (isThere)
    throw new Error(l10n.t('{0} exists already: choose it, or another name.', posix.basename(place.path)));
  return place;
}

function refuseWhatCannotBeSaved(request: InspectionRequest, summary: InspectionSummary): void {
  if (request.kind === 'tensors')
    throw new Error(
      l10n.t(
        'Tensors that a program handed over lie in no file, so the inspection cannot be saved: export its numbers instead.',
      ),
    );
  // They are given by programs alone, and what they set would not be there when it is opened again.
  if ((summary.interventions ?? []).length > 0)
    throw new Error(
      l10n.t(
        'Steps were set from outside, which a saved inspection cannot hold: export its numbers instead.',
      ),
    );
}

async function savedModel(
  reference: NonNullable<ReturnType<typeof modelOf>>,
  { engine, models }: SavingContext,
): Promise<SavedModel> {
  const usable = await models.usable();
  const name = usable.find((each) => sameModel(each.reference, reference))?.name ?? modelName(reference);
  const { digest } = await withProgress(l10n.t('Reading {0}', name), (signal, onProgress) =>
    engine.request('modelDigest', { model: reference }, { signal, onProgress }),
  );
  return { name, digest };
}

async function savedInput(request: InspectionRequest, place: Uri): Promise<SavedInput> {
  switch (request.kind) {
    case 'text':
      return { kind: 'text', texts: request.texts };
    case 'audio':
    case 'image': {
      const file = await savedFile(request.uri, place);
      return { kind: request.kind, file, ...(request.text === undefined ? {} : { text: request.text }) };
    }
    case 'files': {
      const files = await Promise.all(request.uris.map((uri) => savedFile(uri, place)));
      return { kind: 'files', files, ...(request.roles === undefined ? {} : { roles: request.roles }) };
    }
    case 'tensors':
      throw new Error('Tensors lie in no file.');
  }
}

async function savedFile(address: string, place: Uri): Promise<SavedFile> {
  const uri = Uri.parse(address, true);
  const path = pathFrom(place, uri);
  if (path === undefined)
    throw new Error(
      l10n.t(
        '{0} lies elsewhere ({1}) than the file that was chosen ({2}): save the inspection beside it.',
        ...[posix.basename(uri.path), uri.scheme, place.scheme],
      ),
    );
  return { path, sha256: await sha256Of(uri) };
}

/** What is looked at, where it is small enough to be kept. */
async function seenMatrix(session: Session, summary: InspectionSummary): Promise<SeenMatrix | undefined> {
  const { position } = session;
  const step = summary.steps.find(({ name }) => name === position.step);
  if (step === undefined || step.perQuery || step.rows.size * step.columns.size > mostSeenCells)
    return undefined;
  const { layer, head } = position;
  const { data, emptyRows } = await session.ask('slice', { step: step.name, layer, head });
  const { name, title, rows, columns, scale, perHead } = step;
  const { layers, heads, queries, keys } = summary;
  const named = ({ count, words }: InspectionSummary['queries']): SeenMatrix['queries'] =>
    words === undefined ? { count } : { count, words };
  return {
    step: { name, title, rows, columns, scale, perHead },
    ...{ layers, heads, data },
    queries: named(queries),
    keys: named(keys),
    emptyRows: [...emptyRows],
  };
}

import { Uri, window } from 'vscode';
import type { ExtensionContext } from 'vscode';
import { AddModel } from './host/addModel.js';
import { createApi } from './host/api.js';
import type { AttentionInspectorApi } from './host/api.js';
import { Commands } from './host/commands.js';
import { TensorEditor } from './host/customEditor.js';
import { Engine } from './host/engine.js';
import { Explore } from './host/explore.js';
import { Inspections } from './host/inspections.js';
import { InspectionsView } from './host/inspectionsView.js';
import { ModelPages } from './host/modelPages.js';
import { Models } from './host/models.js';
import { Opener } from './host/opener.js';
import { Painter } from './host/paint.js';
import { Readers } from './host/readers.js';
import { weightsBudget } from './host/settings.js';
import { ModelStatus } from './host/status.js';
import { describeStop } from './host/words.js';

/** Constructs and registers; the engine's process starts with the first inspection. */
export function activate({
  extensionUri,
  globalState,
  globalStorageUri,
  secrets,
  subscriptions,
  workspaceState,
}: ExtensionContext): AttentionInspectorApi {
  const log = window.createOutputChannel('Attention Inspector', { log: true });
  const script = Uri.joinPath(extensionUri, 'dist', 'worker.js').fsPath;
  const engine = new Engine({ script, log, describe: describeStop, weights: weightsBudget });
  const inspections = new Inspections(workspaceState);
  const painter = new Painter();
  const opener = new Opener(engine, inspections, { extension: extensionUri, log, painter });
  const models = new Models(engine);
  const adding = new AddModel(models, { secrets, state: globalState, storage: globalStorageUri });
  const pages = new ModelPages(extensionUri, engine, models);
  subscriptions.push(
    log,
    engine,
    painter,
    inspections,
    opener,
    models,
    pages,
    new InspectionsView(inspections),
    new Explore(extensionUri, inspections),
    new TensorEditor(opener),
    new Commands({ opener, inspections, models, adding, pages, readers: new Readers(engine, models), log }),
    new ModelStatus(),
  );
  return createApi(engine);
}

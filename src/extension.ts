import { Uri, window } from 'vscode';
import type { ExtensionContext } from 'vscode';
import { AddModel } from './host/models/add-model.js';
import { createApi } from './host/api.js';
import type { AttentionInspectorApi } from './host/api.js';
import { Commands } from './host/commands.js';
import { reasonOf } from './common/values.js';
import { Examples } from './host/examples/index.js';
import { openSampleWorkspace } from './host/examples/sample-workspace.js';
import { PanelEditor } from './host/editor/custom-editor.js';
import { EngineClient } from './host/transports/client.js';
import { transports } from './host/transports/index.js';
import { Explore } from './host/panels/explore.js';
import { FileReadings } from './host/session/file-readings.js';
import { Sessions } from './host/session/sessions.js';
import { InspectionsView } from './host/panels/inspections-view.js';
import { ModelPages } from './host/models/model-pages.js';
import { KnownHeadTypes } from './host/models/head-types.js';
import { Models } from './host/models/models.js';
import { Opener } from './host/session/opener.js';
import { Painter } from './host/editor/paint.js';
import { ReaderPicker } from './host/editor/reader-picker.js';
import { countFrom, weightsBudget } from './host/base/settings.js';
import { CellOutputs } from './host/media/cell-outputs.js';
import { InspectAudio } from './host/media/inspect-audio.js';
import { InspectImage } from './host/media/inspect-image.js';
import { KeptMedia } from './host/media/kept-media.js';
import { SavedInspectionEditor } from './host/saved/saved-editor.js';
import { ModelStatus } from './host/panels/status.js';
import { describeStop } from './host/base/messages.js';
import { countLayersAndHeadsFrom } from './common/counting.js';

/** Constructs and registers; the engine's process starts with the first inspection. */
export function activate({
  extensionUri,
  globalState,
  globalStorageUri,
  secrets,
  subscriptions,
  workspaceState,
}: ExtensionContext): AttentionInspectorApi {
  countLayersAndHeadsFrom(countFrom());
  const log = window.createOutputChannel('Attention Inspector', { log: true });
  const script = Uri.joinPath(extensionUri, 'dist', 'worker.js').fsPath;
  const [transport] = transports;
  const engine = new EngineClient({ transport, script, log, describe: describeStop, weights: weightsBudget });
  const inspections = new Sessions(workspaceState);
  const painter = new Painter();
  // The folder's name is older than what it is called now; what was saved there is still read.
  const headTypes = new KnownHeadTypes(engine, Uri.joinPath(globalStorageUri, 'head-kinds').fsPath);
  const models = new Models(engine);
  const opener = new Opener(engine, inspections, new FileReadings(workspaceState), {
    extension: extensionUri,
    log,
    painter,
    headTypes,
    models,
  });
  const adding = new AddModel(models, { secrets, state: globalState, storage: globalStorageUri });
  const kept = new KeptMedia(Uri.joinPath(globalStorageUri, 'media'));
  const images = new InspectImage(opener, kept, models);
  const recordings = new InspectAudio(opener, kept, models);
  const examples = new Examples(
    opener,
    Uri.joinPath(extensionUri, 'media', 'sample'),
    Uri.joinPath(globalStorageUri, 'examples'),
  );
  const pages = new ModelPages(extensionUri, engine, models, headTypes);
  subscriptions.push(
    log,
    engine,
    painter,
    inspections,
    headTypes,
    opener,
    models,
    pages,
    new InspectionsView(inspections),
    new Explore(extensionUri, inspections),
    new PanelEditor(opener, 'attention-inspector.tensors', 'files'),
    new PanelEditor(opener, 'attention-inspector.image', 'image'),
    new PanelEditor(opener, 'attention-inspector.audio', 'audio'),
    new SavedInspectionEditor(opener, { engine, models }),
    new CellOutputs(),
    new Commands({
      opener,
      inspections,
      models,
      headTypes,
      adding,
      examples,
      pages,
      images,
      recordings,
      saving: { engine, models },
      readerPicker: new ReaderPicker(engine, models),
      log,
    }),
    new ModelStatus(),
  );
  openSampleWorkspace(examples, workspaceState).catch((error: unknown) => {
    log.warn(`The sample was not opened: ${reasonOf(error)}`);
  });
  return createApi(engine);
}

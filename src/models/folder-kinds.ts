import { isRecord } from '../common/values.js';
import { quoted } from '../formats/untrusted.js';
import { listOf, type Config } from './config.js';
import { ModelError } from './error.js';
import { readJson, type CheckpointFolder } from './folder.js';
import { isOpenAiName } from './openai/names.js';

const MAX_BYTES = 1 << 20;
const ADAPTER = 'adapter_config.json';
/** Of sentence-transformers: the parts that a text goes through. */
const MODULES = 'modules.json';

/** Whether a file, by its name, tells that a folder without config.json is meant for something else than one model. */
export function isOtherKind(file: string): boolean {
  return file === ADAPTER || file === MODULES;
}

/**
 * Refuses by its right name a folder that is meant for something else: an adapter, a model of sentence-transformers.
 * @throws ModelError
 */
export async function refuseOther(folder: CheckpointFolder, files: ReadonlySet<string>): Promise<void> {
  if (files.has('config.json')) return;
  if (files.has(ADAPTER)) {
    const settings = await readJson(folder, ADAPTER, MAX_BYTES).catch(() => undefined);
    const [kind, base] = ['peft_type', 'base_model_name_or_path'].map((name) => {
      const said = isRecord(settings) ? settings[name] : undefined;
      return typeof said === 'string' && said !== '' ? said : undefined;
    });
    throw new ModelError(
      `The folder ${folder.name} holds an adapter${kind === undefined ? '' : ` (${kind})`}, which changes a model and is none by itself. Open ${base === undefined ? 'the model that it was made for' : `its base model ${quoted(base)}`}, or one that it was merged into.`,
    );
  }
  const original = [...files].toSorted().find((file) => isOpenAiName(file));
  if (original !== undefined) {
    throw new ModelError(
      `The folder ${folder.name} has no config.json, but holds ${quoted(original)}, a Whisper in OpenAI's own form. Open that file.`,
    );
  }
  if (files.has(MODULES)) {
    const modules = await readJson(folder, MODULES, MAX_BYTES).catch(() => undefined);
    const paths = listOf(modules).flatMap((each) => {
      const [type, path] = isRecord(each) ? [each['type'], each['path']] : [];
      return typeof type === 'string' && typeof path === 'string' && type.endsWith('Transformer')
        ? [path]
        : [];
    });
    const where =
      paths[0] === undefined || paths[0] === '' ? 'one of its folders' : `its folder ${quoted(paths[0])}`;
    throw new ModelError(
      `The folder ${folder.name} is one of sentence-transformers: the model lies in ${where}, and pooling is not read. Open that folder.`,
    );
  }
}

/** What lies in a model's folder and is not read, though it may change what the model computes. */
export function remarksOn(config: Config, files: ReadonlySet<string>): readonly string[] {
  const map = config.raw('auto_map');
  const code = isRecord(map)
    ? Object.values(map).flatMap((each) => (typeof each === 'string' ? [each] : []))
    : [];
  return [
    ...(files.has(ADAPTER)
      ? [`An adapter lies beside the model (${ADAPTER}): it is not applied, the base model is shown.`]
      : []),
    ...(files.has(MODULES)
      ? [
          `${MODULES} says that sentence-transformers makes one vector of what this model gives (pooling and what follows it): that is not computed here, only the model itself.`,
        ]
      : []),
    ...(code.length === 0
      ? []
      : [
          `config.json names code of the model’s own (auto_map: ${code.slice(0, 3).join(', ')}), which is not run: it is read as any model of the type ${quoted(config.modelType ?? '')}, which may compute something else.`,
        ]),
  ];
}

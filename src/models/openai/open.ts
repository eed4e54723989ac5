import { isRecord } from '../../common/values.js';
import type { Json } from '../../formats/json-text.js';
import { openPytorch } from '../../formats/pytorch.js';
import { FormatError, whyNotOpened, type ByteSource } from '../../formats/source.js';
import { quoted, stemOf } from '../../formats/untrusted.js';
import type { Platform } from '../../platform/platform.js';
import type { CheckpointParts } from '../checkpoint.js';
import { Config } from '../config.js';
import { ModelError, named } from '../error.js';
import { folderAt, readBytes, readJson, type CheckpointFolder } from '../folder.js';
import { generationOf, openAiTokens, openAiWriting, type SpecialTokens } from '../speech/openai-tokens.js';
import type { Weight } from '../weight-files.js';
import { dimensions, nameOf, originalName, state } from './names.js';

const maxBytes = 1 << 27;

/** Whether a path is that of a file as OpenAI's `whisper` keeps its models, by its name. */
export function isOpenAiPath(path: string): boolean {
  return path.toLowerCase().endsWith('.pt');
}

/**
 * Opens a Whisper as OpenAI's own code saves it ("dims" and "model_state_dict"), under the names and settings of Hugging Face's form. What
 * the file does not hold is read beside it; nothing in it is run.
 * @throws ModelError when it is damaged, or holds something else
 */
export async function openOpenAiFile(platform: Platform, path: string): Promise<CheckpointParts> {
  const { paths } = platform;
  const [folder, file] = [folderAt(platform, paths.dirname(path)), paths.basename(path)];
  let source: ByteSource;
  try {
    source = await folder.open(file);
  } catch (error) {
    if (error instanceof FormatError) throw new ModelError(error.message, { cause: error });
    throw new ModelError(`${file} cannot be opened: ${whyNotOpened(error)}.`, { cause: error });
  }
  try {
    return await partsOf(source, folder, file);
  } catch (error) {
    await source.close();
    throw error instanceof FormatError ? new ModelError(error.message, { cause: error }) : named(error, file);
  }
}

async function partsOf(source: ByteSource, folder: CheckpointFolder, file: string): Promise<CheckpointParts> {
  const { contents, numbers } = await openPytorch(source);
  const said = Object.entries(dimensions).map(([own, name]) => [name, numbers.get(`dims.${own}`)] as const);
  const tensors = contents.tensors.filter(({ name }) => name.startsWith(state));
  if (said.every(([, value]) => value === undefined) || tensors.length === 0) {
    throw new ModelError(
      `${file} is no model that can be read: of files like this one those of OpenAI's Whisper are, which hold "dims" and "model_state_dict". Its tensors can be inspected by themselves.`,
    );
  }
  const damaged = contents.skipped?.find(({ name }) => name.startsWith(state));
  if (damaged !== undefined) throw new ModelError(damaged.reason);
  const missing = said.find(([, value]) => value === undefined)?.[0];
  if (missing !== undefined)
    throw new ModelError(`${file}: its "dims" do not say ${quoted(originalSetting(missing))}.`);
  const settings = Object.fromEntries(said.map(([name, value]) => [name, value ?? null]));
  const { d_model: width, text_width: textWidth, vocab_size: vocabulary } = settings;
  if (width !== textWidth) {
    throw new ModelError(
      `${file}: its "dims" give sound ${width ?? 0} numbers a frame and text ${textWidth ?? 0} a token; in a Whisper they are as many.`,
    );
  }
  const inner = 4 * (width ?? 0);
  const config = Config.ofClass(
    { ...settings, model_type: 'whisper', encoder_ffn_dim: inner, decoder_ffn_dim: inner },
    `${file}: its "dims"`,
    originalSetting,
  );
  const place = await folder.locate(file);
  const weights = new Map<string, Weight>(
    tensors.map((tensor) => [nameOf(tensor.name), { tensor, file, place }]),
  );
  const beside = new Beside(folder, file, vocabulary ?? 0, settings);
  return {
    name: stemOf(file),
    config,
    settings: 'its "dims"',
    tokenizer: 'tokenizer.json',
    weights,
    sources: [source],
    nameOf: originalName,
    json: (name) => beside.json(name),
    bytes: (name) => beside.bytes(name),
  };
}

function originalSetting(name: string): string {
  return Object.entries(dimensions).find(([, own]) => own === name)?.[0] ?? name;
}

/** What lies beside a file of OpenAI's and may belong to it. */
class Beside {
  constructor(
    private readonly folder: CheckpointFolder,
    private readonly file: string,
    private readonly vocabulary: number,
    private readonly settings: Readonly<Record<string, number | null>>,
  ) {}

  /** @throws ModelError where what lies there belongs to another model, or there is no tokenizer */
  async json(name: string): Promise<Json | undefined> {
    const present = await this.present();
    switch (name) {
      case 'preprocessor_config.json':
        return this.extractor() ?? (present.has(name) ? this.read(name) : undefined);
      case 'generation_config.json': {
        const found = present.has(name) ? await this.read(name) : undefined;
        if (found === undefined) return this.generation();
        this.refuseOthers(name, (text) =>
          isRecord(found) && text === '<|startoftranscript|>' ? found['decoder_start_token_id'] : undefined,
        );
        return found;
      }
      case 'tokenizer.json': {
        if (!present.has(name)) {
          if (present.has('vocab.json')) return undefined;
          throw new ModelError(
            `${this.file} holds no tokenizer, as no file of OpenAI's does, and there is none beside it: put ${this.tokenizerOf()} into the same folder.`,
          );
        }
        const found = await this.read(name);
        const added = isRecord(found) && Array.isArray(found['added_tokens']) ? found['added_tokens'] : [];
        const entries: readonly unknown[] = added;
        this.refuseOthers(
          name,
          (text) =>
            entries.find(
              (each): each is Record<string, unknown> => isRecord(each) && each['content'] === text,
            )?.['id'],
        );
        return found;
      }
      case 'config.json':
        return undefined;
      default:
        return present.has(name) ? this.read(name) : undefined;
    }
  }

  async bytes(name: string): Promise<Uint8Array | undefined> {
    return (await this.present()).has(name) ? readBytes(this.folder, name, maxBytes) : undefined;
  }

  private async present(): Promise<ReadonlySet<string>> {
    return new Set(await this.folder.list());
  }

  private read(name: string): Promise<Json> {
    return readJson(this.folder, name, maxBytes);
  }

  /** OpenAI's code prepares sound in one way alone; 3000 frames are 30 s. */
  private extractor(): Json | undefined {
    const seconds = (this.settings['max_source_positions'] ?? 0) / 50;
    return Number.isInteger(seconds) && seconds > 0
      ? { feature_size: this.settings['num_mel_bins'] ?? null, chunk_length: seconds }
      : undefined;
  }

  private tokens(): SpecialTokens | undefined {
    return openAiTokens(this.vocabulary);
  }

  private generation(): Json | undefined {
    const [tokens, writing] = [this.tokens(), openAiWriting(this.vocabulary)];
    return tokens && writing && generationOf(tokens, this.vocabulary, writing);
  }

  /** Models of several vocabularies lie in one folder, where OpenAI's code keeps them. */
  private refuseOthers(name: string, idIn: (text: string) => unknown): void {
    for (const text of ['<|startoftranscript|>', '<|notimestamps|>']) {
      const [own, theirs] = [this.tokens()?.(text), idIn(text)];
      if (own === undefined || typeof theirs !== 'number' || own === theirs) continue;
      throw new ModelError(
        `${name} beside ${this.file} belongs to another model: there ${text} is token ${theirs}, here ${own}. Put ${name === 'tokenizer.json' ? this.tokenizerOf() : 'the right one'} beside it, or each model into a folder of its own.`,
      );
    }
  }

  private tokenizerOf(): string {
    const isMany = this.vocabulary > 51_864;
    const known = this.tokens() === undefined ? 'its model' : `openai/whisper-${isMany ? 'tiny' : 'tiny.en'}`;
    return `tokenizer.json of ${known} (on Hugging Face)`;
  }
}

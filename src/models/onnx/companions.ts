import type { Json } from '../../formats/json-text.js';
import type { Paths } from '../../platform/paths.js';
import type { Platform } from '../../platform/platform.js';
import { folderAt, readBytes, readJson, type CheckpointFolder } from '../folder.js';
import type { TokenizerFiles } from '../processors/tokenizer/open-tokenizer.js';

/** Far more than any has; what is larger is not what its name says. */
const mostBytes = 1 << 27;

/** What lies beside an export, or one folder further up, as in repositories that keep exports in a folder of their own. */
export class Companions implements TokenizerFiles {
  private constructor(
    private readonly paths: Paths,
    private readonly folders: readonly { folder: CheckpointFolder; files: ReadonlySet<string> }[],
  ) {}

  static async beside(platform: Platform, path: string): Promise<Companions> {
    const { paths } = platform;
    const own = paths.dirname(path);
    const folders = await Promise.all(
      [own, paths.dirname(own)].map(async (each) => {
        const folder = folderAt(platform, each);
        return { folder, files: new Set(await folder.list().catch(() => [])) };
      }),
    );
    return new Companions(paths, folders);
  }

  /** What people call an export, among many of the same name: "all-MiniLM-L6-v2/onnx/model.onnx". */
  titleOf(path: string): string {
    const { basename, dirname } = this.paths;
    const home = this.holding('tokenizer.json') ?? this.holding('config.json');
    if (home === undefined) return basename(path);
    const isAbove = home !== this.folders[0]?.folder;
    return [home.name, ...(isAbove ? [basename(dirname(path))] : []), basename(path)].join('/');
  }

  async json(file: string): Promise<Json | undefined> {
    const folder = this.holding(file);
    return folder && readJson(folder, file, mostBytes);
  }

  async bytes(file: string): Promise<Uint8Array | undefined> {
    const folder = this.holding(file);
    return folder && readBytes(folder, file, mostBytes);
  }

  private holding(file: string): CheckpointFolder | undefined {
    return this.folders.find(({ files }) => files.has(file))?.folder;
  }
}

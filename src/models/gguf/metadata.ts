import type { MetadataValue } from '../../formats/gguf-header.js';
import type { Json } from '../../formats/json-text.js';

/** What a GGUF file says of its model and of its tokenizer. */
export class Metadata {
  constructor(
    /** The file's name, to begin a message. */
    readonly file: string,
    private readonly values: ReadonlyMap<string, MetadataValue>,
    /** The shapes of tensors, which say what is left out. */
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
  ) {}

  /** "llama" */
  get architecture(): string {
    return this.text('general.architecture') ?? '';
  }

  /** A setting of the model; a list that has one value for each layer is that value, where they agree. */
  setting(name: string): Json | undefined {
    const value = this.values.get(`${this.architecture}.${name}`);
    if (!Array.isArray(value)) return value;
    const list = value as readonly (number | boolean | string)[];
    const [first] = list;
    return list.every((each) => each === first) ? first : [...list];
  }

  number(name: string): number | undefined {
    const value = this.setting(name);
    return typeof value === 'number' ? value : undefined;
  }

  text(key: string): string | undefined {
    const value = this.values.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  count(key: string): number | undefined {
    const value = this.values.get(key);
    return typeof value === 'number' ? value : undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.values.get(key);
    return typeof value === 'boolean' ? value : undefined;
  }

  strings(key: string): readonly string[] | undefined {
    const list = this.list(key)?.filter((each) => typeof each === 'string');
    return list?.length === this.list(key)?.length ? list : undefined;
  }

  numbers(key: string): readonly number[] | undefined {
    const list = this.list(key)?.filter((each) => typeof each === 'number');
    return list?.length === this.list(key)?.length ? list : undefined;
  }

  /** Of a setting, true or false for each layer. */
  flags(name: string): readonly boolean[] | undefined {
    const list = this.list(`${this.architecture}.${name}`);
    const flags = list?.filter((each) => typeof each === 'boolean');
    return flags?.length === list?.length ? flags : undefined;
  }

  has(tensor: string): boolean {
    return this.shapes.has(tensor);
  }

  /** The rows of a tensor; undefined where it is not there. */
  rows(tensor: string): number | undefined {
    return this.shapes.get(tensor)?.[0];
  }

  private list(key: string): readonly (number | boolean | string)[] | undefined {
    const value = this.values.get(key);
    return Array.isArray(value) ? (value as readonly (number | boolean | string)[]) : undefined;
  }
}

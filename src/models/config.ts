import { shortened } from '../common/strings.js';
import { isRecord } from '../common/values.js';
import type { Json } from '../formats/json-text.js';
import { quoted } from '../formats/untrusted.js';
import classSettings from './class-settings.json';
import { ModelError } from './error.js';

type JsonObject = { readonly [name: string]: Json };

/** What a family's class of settings means beyond what config.json says. */
interface ClassSettings {
  /** Where a key is left out; one that is null is set to nothing. */
  readonly defaults: JsonObject;
  /** Other names → the one that is meant; where both are said the other name wins, which transformers sets last. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** By model type, as transformers has them: made by make_class_settings.py. */
const classes: Readonly<Record<string, ClassSettings>> = classSettings;

/** A checkpoint's config.json. Nothing in it is believed before it was checked. */
export class Config {
  private constructor(
    private readonly values: JsonObject,
    /** What the settings belong to, to begin a message: "tiny-bert: config.json". */
    readonly where: string,
    /** What a setting is called where it was read, for messages. */
    private readonly nameOf: (name: string) => string = (name) => name,
  ) {}

  /** Settings that mean what they say and nothing else. @throws ModelError when it is not a JSON object. */
  static of(value: Json, where: string, nameOf?: (name: string) => string): Config {
    if (!isRecord(value)) throw new ModelError(`${where} is not a JSON object.`);
    return new Config(value, where, nameOf);
  }

  /** A config.json as transformers reads it: the family's class says what a key means that is left out. @throws ModelError */
  static ofClass(value: Json, where: string, nameOf?: (name: string) => string): Config {
    const said = Config.of(textPartOf(value), where, nameOf);
    const { modelType } = said;
    if (modelType === undefined || !Object.hasOwn(classes, modelType)) return said;
    const { defaults = {}, aliases = {} } = classes[modelType] ?? {};
    const renamed = Object.entries(aliases).flatMap(([alias, name]) =>
      said.says(alias) ? [[name, said.values[alias] ?? null] as const] : [],
    );
    return new Config({ ...defaults, ...said.values, ...Object.fromEntries(renamed) }, where, nameOf);
  }

  /** These settings, and where they say nothing those. */
  over(others: Config): Config {
    const said = Object.entries(this.values).filter(([, value]) => value !== null);
    return new Config({ ...others.values, ...Object.fromEntries(said) }, this.where, this.nameOf);
  }

  /** These settings with some of them replaced. */
  with(values: JsonObject): Config {
    return new Config({ ...this.values, ...values }, this.where, this.nameOf);
  }

  /** "bert", or undefined where the file is no model's. */
  get modelType(): string | undefined {
    const value = this.get('model_type');
    return typeof value === 'string' ? value : undefined;
  }

  /** A whole number. @throws ModelError when it is missing without a standard, no whole number, or out of range. */
  count(name: string, range: { readonly from: number; readonly to: number }, standard?: number): number {
    const value = this.get(name) ?? standard;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < range.from || value > range.to) {
      throw this.fault(name, value, `a whole number from ${range.from} to ${range.to}`);
    }
    return value;
  }

  /** A positive number. */
  positive(name: string, standard: number): number {
    const value = this.get(name) ?? standard;
    if (typeof value !== 'number' || !(value > 0 && value < Infinity)) {
      throw this.fault(name, value, 'a positive number');
    }
    return value;
  }

  /** One of the words that are known here. */
  choice<Word extends string>(name: string, words: readonly Word[], standard: Word): Word {
    const value = this.get(name) ?? standard;
    const word = words.find((each) => each === value);
    if (word === undefined) throw this.fault(name, value, `one of ${words.map(quoted).join(', ')}`);
    return word;
  }

  flag(name: string, standard = false): boolean {
    return (this.get(name) ?? standard) === true;
  }

  /** A number or several; none where nothing of the kind is said. */
  numbers(name: string): readonly number[] {
    const value = this.get(name);
    return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'number');
  }

  /** Of objects within an object: what each has under a name, where that is a text that is not empty. */
  texts(name: string, of: string): ReadonlyMap<string, string> {
    const sections = this.get(name);
    if (!isRecord(sections)) return new Map();
    return new Map(
      Object.entries(sections).flatMap(([key, section]) => {
        const text = isRecord(section) ? section[of] : undefined;
        return typeof text === 'string' && text !== '' ? [[key, text] as const] : [];
      }),
    );
  }

  /** Words by their keys: what classes are called; none where nothing of the kind is said. */
  names(name: string): ReadonlyMap<string, string> {
    const section = this.get(name);
    return new Map(
      Object.entries(isRecord(section) ? section : {}).flatMap(([key, text]) =>
        typeof text === 'string' ? [[key, text] as const] : [],
      ),
    );
  }

  /** A list of whatever it holds; none where there is none. */
  list(name: string): readonly Json[] {
    return listOf(this.get(name));
  }

  /** Whether nothing is said at all. */
  get isEmpty(): boolean {
    return Object.keys(this.values).length === 0;
  }

  /** Whatever is said under the name, unchecked; undefined for null. */
  raw(name: string): Json | undefined {
    return this.get(name);
  }

  /** Whether anything is said under the name; null is nothing. */
  says(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Settings that stand together under a name of their own; none where there is nothing. @throws ModelError */
  section(name: string): Config | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) throw this.fault(name, value, 'an object');
    return new Config(value, `${this.where}: ${quoted(name)}`, this.nameOf);
  }

  /** One of the words that are known here, for each layer; undefined where nothing is said. @throws ModelError */
  words<Word extends string>(name: string, words: readonly Word[], count: number): Word[] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const found = (Array.isArray(value) ? value : []).flatMap(
      (each) => words.find((word) => word === each) ?? [],
    );
    if (!Array.isArray(value) || found.length !== value.length || found.length !== count) {
      throw this.fault(name, value, `a list of ${count} of ${words.map(quoted).join(', ')}`);
    }
    return found;
  }

  private get(name: string): Json | undefined {
    // Python writes null for what is not set.
    return Object.hasOwn(this.values, name) ? (this.values[name] ?? undefined) : undefined;
  }

  private fault(name: string, value: Json | undefined, expected: string): ModelError {
    const own = quoted(this.nameOf(name));
    if (value === undefined) return new ModelError(`${this.where} does not say ${own}, ${expected}.`);
    const isText = typeof value === 'string';
    // A text may look like the number that is wanted.
    const kind = isText && /^a (?:whole|positive) number/.test(expected) ? 'the text ' : '';
    // A text is quoted, and whatever else stands as it is in the file.
    const said = kind + (isText ? quoted(value) : shortened(JSON.stringify(value), 60));
    return new ModelError(`${this.where} says that ${own} is ${said}, but it has to be ${expected}.`);
  }
}

/** Model types whose files hold other parts besides the text's → what the text's part is by itself. */
const withTexts: ReadonlyMap<string, string> = new Map([['gemma3', 'gemma3_text']]);

/** The settings of the text's part, with those of the whole that it leaves out; tied is what the whole ties. */
function textPartOf(value: Json): Json {
  if (!isRecord(value)) return value;
  const { text_config: text, model_type: type, tie_word_embeddings: tied = true } = value;
  const own = typeof type === 'string' ? withTexts.get(type) : undefined;
  return own === undefined || !isRecord(text)
    ? value
    : { ...value, ...text, model_type: own, tie_word_embeddings: tied };
}

/** The "type" that tells parts of a tokenizer.json apart. */
export function typeOf(value: JsonObject): string {
  return typeof value['type'] === 'string' ? value['type'] : '';
}

/** A list's entries; none of what is no list. */
export function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

import { again, FormatError, viewOf } from '../source.js';
import { quoted } from '../untrusted.js';

/** What a pickle holds. Nothing in it is ever called: what it asks to call is kept as a `call`, for a reader to understand or not. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | { readonly kind: 'list'; readonly items: Pickled[] }
  | { readonly kind: 'tuple'; readonly items: Pickled[] }
  | { readonly kind: 'set'; readonly items: Pickled[] }
  | { readonly kind: 'dict'; readonly entries: (readonly [key: Pickled, value: Pickled])[] }
  /** A name that Python would import: "torch._utils._rebuild_tensor_v2". */
  | { readonly kind: 'global'; readonly name: string }
  /** What Python would get by calling `callee`; `state` is what it would be given afterwards. */
  | {
      readonly kind: 'call';
      readonly callee: Pickled;
      readonly arguments: Pickled;
      state?: Pickled;
      /** What would be put into it, where it is a dictionary or a list of its own kind. */
      readonly entries: (readonly [key: Pickled, value: Pickled])[];
      /** Whether it is an object of a class with its arguments, rather than what a function makes of them. */
      readonly isNew?: boolean;
    }
  /** Something that lies outside of the pickle. */
  | { readonly kind: 'persistent'; readonly id: Pickled };

/** What is read takes memory: at least so many containers, and one for so many bytes of the pickle, as state dictionaries have fewer. */
const LEAST_CONTAINERS = 1 << 18;
const BYTES_A_CONTAINER = 12;

/** Values that wait for what is made of them, in the same way. */
const LEAST_WAITING = 1 << 18;
const BYTES_A_WAITING_VALUE = 2;

/** Where one pickle ends and the next may begin. */
export interface ReadPickle {
  readonly value: Pickled;
  readonly end: number;
}

/**
 * Reads one pickle, of protocols 2 to 5, without running anything. Source: Python's Lib/pickletools.py.
 * @param where what it belongs to, to begin a message
 * @throws FormatError when it is damaged, or uses an operation that state dictionaries have no need for
 */
export function readPickle(bytes: Uint8Array, start: number, where: string): ReadPickle {
  return new Reader(bytes, start, where).run();
}

class Reader {
  private readonly view: DataView;
  /** What came since the last mark; what came before it waits behind. */
  private stack: Pickled[] = [];
  private readonly marked: Pickled[][] = [];
  private waiting = 0;
  private containers = 0;
  /** Most pickles number from 0 without a gap. */
  private readonly memo: Pickled[] = [];
  private readonly sparse = new Map<number, Pickled>();

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly where: string,
  ) {
    this.view = viewOf(bytes);
  }

  run(): ReadPickle {
    for (;;) {
      const code = this.byte();
      if (code === 0x2e) return { value: this.pop(), end: this.at }; // STOP
      this.step(code);
    }
  }

  private step(code: number): void {
    const operation = operations[code];
    if (operation === undefined) {
      throw this.fault(`the operation 0x${code.toString(16).padStart(2, '0')}, which is not read`);
    }
    operation(this);
  }

  // ---- what operations are made of

  byte(): number {
    return this.view.getUint8(this.advance(1));
  }

  uint16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** A length of eight bytes. */
  uint64(): number {
    const value = this.view.getBigUint64(this.advance(8), true);
    if (value > BigInt(this.bytes.length)) throw this.fault(`a length of ${value} bytes`);
    return Number(value);
  }

  /** Big-endian, alone of all numbers. */
  float64(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  /** Two's complement, little-endian. */
  long(length: number): number | bigint {
    // Python has no limit; nothing here is as large as that.
    if (length > 64) throw this.fault(`a whole number of ${length} bytes`);
    let value = 0n;
    const from = this.advance(length);
    for (let index = length - 1; index >= 0; index--)
      value = (value << 8n) | BigInt(this.bytes[from + index] ?? 0);
    const signed = length === 0 ? 0n : BigInt.asIntN(8 * length, value);
    return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(signed)
      : signed;
  }

  raw(length: number): Uint8Array {
    const from = this.advance(length);
    return this.bytes.subarray(from, from + length);
  }

  text(length: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.raw(length));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.fault('a line without an end');
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }

  push(value: Pickled): void {
    if (++this.waiting > LEAST_WAITING + this.bytes.length / BYTES_A_WAITING_VALUE) {
      throw this.fault('more values in a row than any state dictionary');
    }
    this.stack.push(value);
  }

  /** A value that holds others. */
  container<Value extends Pickled>(value: Value): Value {
    if (++this.containers > LEAST_CONTAINERS + this.bytes.length / BYTES_A_CONTAINER) {
      throw this.fault('more lists and objects than any state dictionary');
    }
    return value;
  }

  mark(): void {
    this.marked.push(this.stack);
    this.stack = [];
    this.container(null);
  }

  pop(): Pickled {
    const value = this.stack.pop();
    if (value === undefined) throw this.fault('an operation without anything to work on');
    this.waiting--;
    return value;
  }

  top(): Pickled {
    const value = this.stack.at(-1);
    if (value === undefined) throw this.fault('an operation without anything to work on');
    return value;
  }

  /** Everything since the last mark, which goes too. */
  sinceMark(): Pickled[] {
    const values = this.stack;
    const before = this.marked.pop();
    if (before === undefined) throw this.fault('an end without a beginning');
    this.stack = before;
    this.waiting -= values.length;
    return values;
  }

  remember(index: number): void {
    const value = this.top();
    if (index < this.memo.length) this.memo[index] = value;
    else if (index === this.memo.length) this.memo.push(value);
    else this.sparse.set(index, value);
  }

  memoize(): void {
    this.remember(this.memo.length + this.sparse.size);
  }

  recall(index: number): void {
    const value = index < this.memo.length ? this.memo[index] : this.sparse.get(index);
    if (value === undefined) throw this.fault(`something numbered ${index} that was not said before`);
    this.push(value);
  }

  append(values: readonly Pickled[]): void {
    const to = this.top();
    // One by one: the arguments of a call are bounded by the stack.
    if (isKind(to, 'list') || isKind(to, 'set')) for (const value of values) to.items.push(value);
    else if (isKind(to, 'call')) for (const value of values) to.entries.push([null, value]);
    else throw this.fault('items for something that takes none');
  }

  /** Keys and values in turn. */
  setItems(values: readonly Pickled[]): void {
    const to = this.top();
    if (!isKind(to, 'dict') && !isKind(to, 'call')) throw this.fault('entries for something that takes none');
    for (let index = 0; index + 1 < values.length; index += 2) {
      to.entries.push([values[index] ?? null, values[index + 1] ?? null]);
    }
  }

  fault(what: string): FormatError {
    return new FormatError(
      `${this.where} holds ${what}, at byte ${this.at} of its pickle: save it again with torch.save.`,
    );
  }

  private advance(length: number): number {
    const from = this.at;
    if (length < 0 || from + length > this.bytes.length) {
      throw new FormatError(`${this.where} ends in the middle of its pickle, at byte ${from}. ${again}`);
    }
    this.at = from + length;
    return from;
  }
}

export function isKind<Kind extends Extract<Pickled, { kind: string }>['kind']>(
  value: Pickled | undefined,
  kind: Kind,
): value is Extract<Pickled, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.kind === kind;
}

/** What Python would import it as. */
function globalOf(reader: Reader, module: string, name: string): Pickled {
  if (module.length + name.length > 400) throw reader.fault(`the name ${quoted(module)}`);
  return reader.container({ kind: 'global', name: `${module}.${name}` });
}

function tuple(reader: Reader, items: Pickled[]): Pickled {
  return reader.container({ kind: 'tuple', items });
}

function list(reader: Reader, items: Pickled[]): Pickled {
  return reader.container({ kind: 'list', items });
}

function set(reader: Reader, items: Pickled[]): Pickled {
  return reader.container({ kind: 'set', items });
}

function dictionary(reader: Reader): Pickled {
  return reader.container({ kind: 'dict', entries: [] });
}

function call(reader: Reader, isNew: boolean): void {
  const given = reader.pop();
  const callee = reader.pop();
  reader.push(reader.container({ kind: 'call', callee, arguments: given, entries: [], isNew }));
}

/** An operation that puts a value on the stack. */
function pushing(value: (reader: Reader) => Pickled): (reader: Reader) => void {
  return (reader) => {
    reader.push(value(reader));
  };
}

/** By their codes. */
const operations: Readonly<Record<number, (reader: Reader) => void>> = {
  0x80: (reader) => {
    const protocol = reader.byte();
    if (protocol < 2 || protocol > 5) throw reader.fault(`protocol ${protocol}`);
  },
  0x95: (reader) => void reader.uint64(), // FRAME
  0x28: (reader) => {
    reader.mark();
  },
  0x30: (reader) => void reader.pop(),
  0x31: (reader) => void reader.sinceMark(),
  0x32: pushing((reader) => reader.top()),
  0x4e: pushing(() => null),
  0x88: pushing(() => true),
  0x89: pushing(() => false),
  0x4a: pushing((reader) => reader.int32()),
  0x4b: pushing((reader) => reader.byte()),
  0x4d: pushing((reader) => reader.uint16()),
  0x8a: pushing((reader) => reader.long(reader.byte())),
  0x8b: pushing((reader) => reader.long(reader.uint32())),
  0x47: pushing((reader) => reader.float64()),
  0x58: pushing((reader) => reader.text(reader.uint32())),
  0x8c: pushing((reader) => reader.text(reader.byte())),
  0x8d: pushing((reader) => reader.text(reader.uint64())),
  0x54: pushing((reader) => reader.text(reader.uint32())),
  0x55: pushing((reader) => reader.text(reader.byte())),
  0x42: pushing((reader) => reader.raw(reader.uint32())),
  0x43: pushing((reader) => reader.raw(reader.byte())),
  0x8e: pushing((reader) => reader.raw(reader.uint64())),
  0x96: pushing((reader) => reader.raw(reader.uint64())), // BYTEARRAY8
  0x98: () => undefined, // READONLY_BUFFER
  0x5d: pushing((reader) => list(reader, [])),
  0x7d: pushing(dictionary),
  0x8f: pushing((reader) => set(reader, [])),
  0x29: pushing((reader) => tuple(reader, [])),
  0x85: pushing((reader) => tuple(reader, [reader.pop()])),
  0x86: (reader) => {
    const second = reader.pop();
    reader.push(tuple(reader, [reader.pop(), second]));
  },
  0x87: (reader) => {
    const [third, second] = [reader.pop(), reader.pop()];
    reader.push(tuple(reader, [reader.pop(), second, third]));
  },
  0x74: pushing((reader) => tuple(reader, reader.sinceMark())),
  0x6c: pushing((reader) => list(reader, reader.sinceMark())),
  0x64: (reader) => {
    const values = reader.sinceMark();
    reader.push(dictionary(reader));
    reader.setItems(values);
  },
  0x61: (reader) => {
    reader.append([reader.pop()]);
  },
  0x65: (reader) => {
    reader.append(reader.sinceMark());
  },
  0x90: (reader) => {
    reader.append(reader.sinceMark());
  },
  0x91: pushing((reader) => set(reader, reader.sinceMark())),
  0x73: (reader) => {
    const value = reader.pop();
    reader.setItems([reader.pop(), value]);
  },
  0x75: (reader) => {
    reader.setItems(reader.sinceMark());
  },
  0x68: (reader) => {
    reader.recall(reader.byte());
  },
  0x6a: (reader) => {
    reader.recall(reader.uint32());
  },
  0x71: (reader) => {
    reader.remember(reader.byte());
  },
  0x72: (reader) => {
    reader.remember(reader.uint32());
  },
  0x94: (reader) => {
    reader.memoize();
  },
  0x63: (reader) => {
    const module = reader.line();
    reader.push(globalOf(reader, module, reader.line()));
  },
  0x93: (reader) => {
    const [name, module] = [reader.pop(), reader.pop()];
    if (typeof name !== 'string' || typeof module !== 'string') throw reader.fault('a name that is no text');
    reader.push(globalOf(reader, module, name));
  },
  // REDUCE
  0x52: (reader) => {
    call(reader, false);
  },
  // NEWOBJ
  0x81: (reader) => {
    call(reader, true);
  },
  // NEWOBJ_EX: what is given by name is left out.
  0x92: (reader) => {
    reader.pop();
    call(reader, true);
  },
  0x62: (reader) => {
    const state = reader.pop();
    const to = reader.top();
    if (!isKind(to, 'call')) throw reader.fault('a state for something that takes none');
    to.state = state;
  },
  0x51: pushing((reader) => reader.container({ kind: 'persistent', id: reader.pop() })),
};

interface Options {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  /** Never `style`: a strict content security policy refuses it. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes an element; strings become text, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (options.class !== undefined) element.className = options.class;
  if (options.text !== undefined) element.textContent = options.text;
  if (options.title !== undefined) element.title = options.title;
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let serial = 0;
/** An id that no other element of this page has. */
export function uniqueId(prefix: string): string {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** Calls `run` once in the next animation frame, however often it is asked to before. */
export function perFrame(run: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      run();
    });
  };
}

/** Calls `run` when the next frame is on screen: what a frame puts off runs once that is drawn. */
export function afterFrame(run: () => void): void {
  requestAnimationFrame(() => {
    setTimeout(run);
  });
}

/** Calls `run` when it has not been asked to for `milliseconds`. */
export function settled(milliseconds: number, run: () => void): { ask(): void; drop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    ask: () => {
      clearTimeout(timer);
      timer = setTimeout(run, milliseconds);
    },
    drop: () => {
      clearTimeout(timer);
    },
  };
}

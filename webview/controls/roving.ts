/** Buttons of one kind with one tab stop: arrow keys, Home and End go between them. Returns how to make one of them the stop. */
export function roving(group: HTMLElement): { stop(at: HTMLElement | null): void } {
  const all = (): HTMLElement[] => [...group.querySelectorAll<HTMLElement>('button:not([hidden])')];
  const stop = (at: HTMLElement | null): void => {
    const buttons = all();
    const one = at !== null && buttons.includes(at) ? at : buttons[0];
    for (const button of buttons) button.tabIndex = button === one ? 0 : -1;
  };
  group.addEventListener('keydown', (event) => {
    const buttons = all();
    const at = buttons.findIndex((button) => button === document.activeElement);
    const to = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const next = buttons[Math.min(Math.max(0, to), buttons.length - 1)] ?? null;
    stop(next);
    next?.focus();
  });
  return { stop };
}

/**
 * Knows what the page has put off: its timers and frames, and with them every message and reply of the fake host. It has to be
 * loaded before anything that calls `setTimeout` or `requestAnimationFrame`.
 */
export class Activity {
  private readonly timers = new Set<unknown>();
  private readonly frames = new Set<number>();
  private readonly nativeFrame = window.requestAnimationFrame.bind(window);

  constructor() {
    const { setTimeout, clearTimeout, cancelAnimationFrame } = window;
    const { timers, frames, nativeFrame } = this;
    const later = (run: (...given: unknown[]) => void, delay?: number, ...given: unknown[]) => {
      const id = setTimeout.call(
        window,
        () => {
          timers.delete(id);
          run(...given);
        },
        delay,
      );
      timers.add(id);
      return id;
    };
    Object.assign(window, {
      setTimeout: later,
      clearTimeout: (id: number | undefined) => {
        timers.delete(id);
        clearTimeout.call(window, id);
      },
      requestAnimationFrame: (run: FrameRequestCallback) => {
        const id = nativeFrame((time) => {
          frames.delete(id);
          run(time);
        });
        frames.add(id);
        return id;
      },
      cancelAnimationFrame: (id: number) => {
        frames.delete(id);
        cancelAnimationFrame.call(window, id);
      },
    });
  }

  /** Resolves when nothing is put off, nothing moves, and that is still so two frames later: observers are told in between. */
  async rest(): Promise<void> {
    for (let still = 0; still < 3;) {
      await new Promise((resolve) => this.nativeFrame(resolve));
      const moving = document.getAnimations().some(({ playState }) => playState === 'running');
      still = this.timers.size === 0 && this.frames.size === 0 && !moving ? still + 1 : 0;
    }
  }
}

declare global {
  interface Window {
    activity: Activity;
  }
}

window.activity = new Activity();

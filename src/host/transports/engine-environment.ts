/**
 * What the engine's process is told of memory. glibc keeps what was freed unless it came in a piece of its own: of a model's
 * weights more than half would stay.
 */
export const engineEnvironment = { MALLOC_MMAP_THRESHOLD_: String(2 ** 20) } as const;

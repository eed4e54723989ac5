/** Names under which the tensors of one attention are saved, each in a file of its own. */
const sets: readonly (readonly string[])[] = [
  // Before those that are the end of their names.
  ['X', 'W_Q', 'W_K', 'W_V', 'W_O'],
  ['x', 'w_q', 'w_k', 'w_v', 'w_o'],
  ['Q', 'K', 'V'],
  ['q', 'k', 'v'],
  ['query', 'key', 'value'],
  ['queries', 'keys', 'values'],
  ['query_states', 'key_states', 'value_states'],
  ['query_layer', 'key_layer', 'value_layer'],
  ['S', 'H', 'W_a', 'U_a', 'v_a'],
];

/**
 * The files of a folder that belong to one of them: K.npy and V.npy beside Q.npy, layer3_k.npy beside layer3_q.npy.
 * @param name of the one file
 * @param folder the names of all files in its folder
 * @returns the names of the whole set, in its order; undefined where there is none
 */
export function setOf(name: string, folder: readonly string[]): readonly string[] | undefined {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
  const there = new Set(folder);
  for (const set of sets) {
    for (const part of set.toSorted((a, b) => b.length - a.length)) {
      for (const [before, after] of placesOf(stem, part)) {
        const found = set
          .map((each) => `${before}${each}${after}${ending}`)
          .filter((each) => there.has(each));
        // Without its first two a set cannot be computed with.
        const firsts = set.slice(0, 2).map((each) => `${before}${each}${after}${ending}`);
        if (found.includes(name) && firsts.every((each) => there.has(each))) return found;
      }
    }
  }
  return undefined;
}

/** Where a word stands by itself in a name, at its beginning or its end. */
function placesOf(stem: string, word: string): (readonly [before: string, after: string])[] {
  const places: (readonly [string, string])[] = [];
  if (stem.startsWith(word)) {
    const after = stem.slice(word.length);
    if (after === '' || /^[^a-z]/i.test(after)) places.push(['', after]);
  }
  if (stem.endsWith(word)) {
    const before = stem.slice(0, -word.length);
    if (!/[a-z0-9]$/i.test(before)) places.push([before, '']);
  }
  return places;
}

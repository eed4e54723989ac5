/** Common words: each is one token of its own in the embedded model's vocabulary. */
const words =
  `the of and in to was he is as for on with that it his by at from her she you had an were but be this are not my
   they one which or have him me first all also their has up who out been when after there into new two its time would
   no what about said we over then other so more can if like back them only some could where just during before do made
   school through than now years most world may between down well three year while will city`.split(/\s+/);

/** As many tokens as asked for, [CLS] and [SEP] among them; another text for each variation. */
export function text(tokens: number, variation: number): string {
  return Array.from({ length: tokens - 2 }, (_, at) => words[(at * 7 + variation * 13) % words.length]).join(
    ' ',
  );
}

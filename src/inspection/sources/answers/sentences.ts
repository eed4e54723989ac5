/** Before a name, or within a sentence: never its end. In the languages of most models; titles, months, references, measures. */
const abbreviations: ReadonlySet<string> = new Set(
  [
    'dr mr mrs ms mx prof rev fr sr jr st hon gov sen rep pres gen col lt maj capt cmdr sgt cpl pvt adm messrs mt ft pt',
    'jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun',
    'vs cf etc al ca approx est no nos nr vol vols ch chap sec fig figs eq eqs ed eds pp art ex p s ff ibid viz resp incl excl max min avg dept univ assn bros',
    'inc ltd co corp plc ave blvd rd str hr frau bzw usw evtl ggf vgl sog bspw geb gest mio mrd tel zzgl',
    'm mm mme mlle sra srta dra ud uds sig dott avv ing arch lic',
  ].flatMap((line) => line.split(' ')),
);

/** "U.S.", "e.g.", "z.B.", "a.m.", an initial: letters with a dot each. */
const dotted = /^(?:\p{L}\.)+$/u;
/** "Ph.D." */
const degree = /^(?:\p{L}{1,3}\.){2,}$/u;
const number = /^\d+\.$/;

/** Words that begin questions, and hardly ever names: behind them "the U.S." may have ended a sentence. */
const asking =
  /^(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|shall)\b/i;

/**
 * Where sentences of a line begin, as far as it is certain: an abbreviation does not end one (Unicode Standard Annex #29 cuts after
 * "Dr." and "U.S.").
 */
export function sentenceStarts(line: string): readonly number[] {
  const segments = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(line)];
  return segments
    .map(({ index }) => opening(line, index))
    .filter((start) => start === 0 || isCertain(line, start));
}

/** An opening bracket or quotation mark without a blank behind it belongs to what follows. */
function opening(line: string, start: number): number {
  const [brackets = ''] = /[\p{Ps}\p{Pi}]*$/u.exec(line.slice(0, start)) ?? [];
  return start - brackets.length;
}

function isCertain(line: string, start: number): boolean {
  const before = line.slice(0, start).trimEnd();
  const [last = ''] = /\S+$/u.exec(before) ?? [];
  const word = last.replace(/^[\p{Ps}\p{Pi}"'’]+/u, '');
  if (!word.endsWith('.')) return true;
  if (abbreviations.has(word.slice(0, -1).toLowerCase()) || number.test(word)) return false;
  if (!dotted.test(word) && !degree.test(word)) return true;
  // An initial stands before a name.
  return word.length > 2 && asking.test(line.slice(start));
}

// Finds the name that a mistyped word was meant to be.

// No name is longer, and the time to compare grows with the length.
const LONGEST_NAME = 40;
// Minimum length of a prefix.
const SHORTEST_PREFIX = 4;
// At most one letter in three may differ.
const LETTERS_A_MISTAKE = 3;

/** Returns the only name that the text is a prefix of, or else the one with the fewest differences, if they are few. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  if (text.length > LONGEST_NAME || names.includes(text)) return undefined;
  const ranked = names.map((name) => ({ name, differences: differences(text, name) }));
  const [near] = ranked.sort((a, b) => a.differences - b.differences);
  const begun = text.length < SHORTEST_PREFIX ? [] : names.filter((name) => name.startsWith(text));
  if (begun.length === 1 || near === undefined) return begun[0];
  return near.differences <= near.name.length / LETTERS_A_MISTAKE || begun.includes(near.name) ? near.name : undefined;
}

/** Returns the letters to insert, remove or replace (Levenshtein distance). */
function differences(text: string, name: string): number {
  let above = Array.from({ length: name.length + 1 }, (_, at) => at);
  for (let row = 1; row <= text.length; row++) {
    const here = [row];
    for (let at = 1; at <= name.length; at++) {
      const kept = (above[at - 1] ?? 0) + (text[row - 1] === name[at - 1] ? 0 : 1);
      here.push(Math.min(kept, 1 + (above[at] ?? 0), 1 + (here[at - 1] ?? 0)));
    }
    above = here;
  }
  return above[name.length] ?? 0;
}

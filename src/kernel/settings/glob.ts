// Patterns of glob(7) for names with dots, which `*` does not match. Each part of a pattern is read once, with every
// position in the name that it may have reached: no backtracking, however many stars there are.

// PATH_MAX: a pattern matches files of /proc/sys.
const LONGEST_PATTERN = 4096;

export function globMatches(pattern: string, name: string): boolean {
  if (pattern.length > LONGEST_PATTERN) return false;
  const [patterns, names] = [pattern.split('.'), name.split('.')];
  return patterns.length === names.length && patterns.every((part, at) => partMatches(part, names[at] ?? ''));
}

function partMatches(pattern: string, text: string): boolean {
  if (!/[*?[]/.test(pattern)) return pattern === text;
  const places = Array.from({ length: text.length + 1 }, (_, place) => place);
  let reached = places.map((place) => place === 0);
  for (let at = 0; at < pattern.length; ) {
    const element = elementAt(pattern, at);
    const before = reached;
    if (element === '*') reached = places.map((place) => before.indexOf(true) !== -1 && before.indexOf(true) <= place);
    else reached = places.map((place) => before[place - 1] === true && standsFor(element, text.charAt(place - 1)));
    at += element.length;
  }
  return reached[text.length] === true;
}

/** `*`, `?`, a letter, or a class, whose first letter may be its closing bracket: `[]x]`, `[!]x]`. */
function elementAt(pattern: string, at: number): string {
  const end = pattern[at] === '[' ? pattern.indexOf(']', at + (isNegated(pattern, at) ? 3 : 2)) : -1;
  return end === -1 ? pattern.charAt(at) : pattern.slice(at, end + 1);
}

function isNegated(pattern: string, at: number): boolean {
  return pattern[at + 1] === '!' || pattern[at + 1] === '^';
}

function standsFor(element: string, letter: string): boolean {
  if (element.length === 1) return element === '?' || element === letter;
  const negated = isNegated(element, 0);
  return isInClass(element.slice(negated ? 2 : 1, -1), letter) !== negated;
}

function isInClass(members: string, letter: string): boolean {
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    const last = members.charAt(isRange ? at + 2 : at);
    if (members.charAt(at) <= letter && letter <= last) return true;
    if (isRange) at += 2;
  }
  return false;
}

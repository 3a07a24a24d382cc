// Counts by key, in bounded memory: exact while keys are few, then the heaviest keys with a bound on their error. When
// the table is full, its median is subtracted from every count, and keys without a rest are removed (the summary of
// Misra and Gries, in batches): of N counted, no count lacks more than 2 N / CAPACITY.

/** Keys are of `words` 32-bit words. */
export interface Tally {
  readonly words: number;
  readonly keys: Int32Array;
  /** 0 where the slot is free. */
  readonly counts: Int32Array;
  used: number;
  /** The most that any count may lack; 0 is exact. */
  lacking: number;
}

/** One of those with the most. */
export interface Held {
  readonly key: readonly number[];
  readonly count: number;
}

// Small enough to stay in the processor's cache, which is worth more than fewer medians.
const SLOTS = 8192;
/** Keys that are counted exactly. */
export const CAPACITY = (3 * SLOTS) / 4;
const SMALL_TALLY = 256;

export function newTally(words: number): Tally {
  return { words, keys: new Int32Array(SLOTS * words), counts: new Int32Array(SLOTS), used: 0, lacking: 0 };
}

/** The same as `count`, for keys of one word. */
export function countWord(tally: Tally, key: number): void {
  const { keys, counts } = tally;
  const hash = Math.imul(key, 0x9e3779b1);
  let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  while (counts[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) & (SLOTS - 1);
  const before = counts[slot] ?? 0;
  counts[slot] = before + 1;
  if (before > 0) return;
  keys[slot] = key;
  tally.used += 1;
  if (tally.used > CAPACITY) takeMedian(tally);
}

/** Counts the key that the first words of `key` are. */
export function countKey(tally: Tally, key: Int32Array, times = 1): void {
  const { words, keys, counts } = tally;
  let slot = firstSlot(key, words);
  while (counts[slot] !== 0 && !isAt(keys, slot * words, key, words)) slot = (slot + 1) & (SLOTS - 1);
  const before = counts[slot] ?? 0;
  counts[slot] = before + times;
  if (before > 0) return;
  for (let word = 0; word < words; word++) keys[slot * words + word] = key[word] ?? 0;
  tally.used += 1;
  if (tally.used > CAPACITY) takeMedian(tally);
}

function firstSlot(key: Int32Array, words: number): number {
  let hash = 0;
  for (let word = 0; word < words; word++) hash = Math.imul(hash ^ (key[word] ?? 0), 0x9e3779b1);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function isAt(keys: Int32Array, start: number, key: Int32Array, words: number): boolean {
  for (let word = 0; word < words; word++) if (keys[start + word] !== key[word]) return false;
  return true;
}

function takeMedian(tally: Tally): void {
  const { words, keys, counts, used, lacking } = tally;
  const median = medianOf(counts, used);
  // Not spread: an object that is made otherwise is another one for the compiler, and this is where time goes.
  const before: Tally = { words, keys: keys.slice(), counts: counts.slice(), used, lacking };
  counts.fill(0);
  tally.used = 0;
  tally.lacking += median;
  putAll(before, tally, -median);
}

// The median of `used` counts above 0. Nearly all are small when there are too many, so that a histogram of small
// counts gives it.
function medianOf(counts: Int32Array, used: number): number {
  const having = new Int32Array(SMALL_TALLY + 1);
  for (let slot = 0; slot < SLOTS; slot++) {
    const held = Math.min(counts[slot] ?? 0, SMALL_TALLY);
    having[held] = (having[held] ?? 0) + 1;
  }
  let below = 0;
  for (let held = 1; held < SMALL_TALLY; held++) {
    below += having[held] ?? 0;
    if (below > used >> 1) return held;
  }
  return counts.filter((held) => held > 0).sort()[used >> 1] ?? 0;
}

function putAll({ keys, counts, words }: Tally, into: Tally, change: number): void {
  const key = new Int32Array(words);
  for (let slot = 0; slot < SLOTS; slot++) {
    const held = counts[slot] ?? 0;
    if (held === 0 || held + change <= 0) continue;
    for (let word = 0; word < words; word++) key[word] = keys[slot * words + word] ?? 0;
    countKey(into, key, held + change);
  }
}

/** Adds the counts of another tally with the same kind of keys. */
export function addTally(into: Tally, other: Tally): void {
  putAll(other, into, 0);
  into.lacking += other.lacking;
}

/** Multiplies every count by `times`. */
export function scaleTally(tally: Tally, times: number): void {
  scaleArray(tally.counts, times);
  tally.lacking = Math.ceil(times * tally.lacking);
}

export function scaleArray(counts: Int32Array, times: number): void {
  counts.forEach((held, place) => {
    counts[place] = Math.round(times * held);
  });
}

/** The known count; 0 if the key is not kept. */
export function countOf({ words, keys, counts }: Tally, key: readonly number[]): number {
  const wanted = Int32Array.from(key);
  let slot = firstSlot(wanted, words);
  while (counts[slot] !== 0 && !isAt(keys, slot * words, wanted, words)) slot = (slot + 1) & (SLOTS - 1);
  return counts[slot] ?? 0;
}

/** All that are kept, in no order. */
export function allHeld({ words, keys, counts }: Tally): readonly Held[] {
  return Array.from(counts).flatMap((count, slot) =>
    count === 0 ? [] : [{ key: Array.from(keys.subarray(slot * words, (slot + 1) * words)), count }],
  );
}

/** The keys with the highest counts, at most `most` of them; of equal counts the lowest key first, read as unsigned. */
export function heaviest(tally: Tally, most: number): readonly Held[] {
  const { words, keys, counts } = tally;
  const top: Held[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    const counted = counts[slot] ?? 0;
    const last = top[most - 1];
    // Most have too few, and nothing is made of those.
    if (counted === 0 || (last !== undefined && !isBefore(tally, slot, last))) continue;
    const behind = top.findIndex((other) => isBefore(tally, slot, other));
    const held = { key: Array.from(keys.subarray(slot * words, (slot + 1) * words)), count: counted };
    top.splice(behind === -1 ? top.length : behind, 0, held);
    top.length = Math.min(top.length, most);
  }
  return top;
}

/** True if the slot has a higher count, or the same count and a lower key. */
function isBefore({ words, keys, counts }: Tally, slot: number, { key, count: held }: Held): boolean {
  const counted = counts[slot] ?? 0;
  if (counted !== held) return counted > held;
  for (let word = 0; word < words; word++) {
    const [own = 0, other = 0] = [keys[slot * words + word], key[word]];
    // Numbers are read as unsigned.
    if (own !== other) return own >>> 0 < other >>> 0;
  }
  return false;
}

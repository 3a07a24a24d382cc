// An even random sample of a list's lines, in bounded memory: as long as they are few, all of them. Whether a line is in
// it does not depend on any other, nor on where it stands. When there is no more room, each one stays with a chance of
// 7/8, and of those that follow so many fewer are taken: what stays is never less than `most`.

export interface LineSample {
  /** The lines taken, one behind the other. */
  readonly bytes: Uint8Array;
  /** Where each of them ends. */
  readonly ends: Int32Array;
  held: number;
  /** Of all lines, those that are taken. */
  share: number;
  /** How many lines are passed over before the next one is taken. */
  skip: number;
  /** How many lines there have been. */
  lines: number;
}

const LINE_END = 10;
const STAYS = 7 / 8;
// The room is for more than what the average of `most` lines must be for this to hold; random numbers scatter.
const SCATTER = 1.02;
/** Bytes of a line; the longest that the kernel writes has 400. Memory that is not written to costs nothing. */
const LINE = 448;

export function newLineSample(most: number): LineSample {
  const room = Math.ceil((SCATTER * most) / STAYS);
  const bytes = new Uint8Array((LINE + 1) * room);
  return { bytes, ends: new Int32Array(room), held: 0, share: 1, skip: 0, lines: 0 };
}

/** How many lines come before the next one that is taken, where each of them is with this chance. */
function linesUntil(chance: number): number {
  return chance === 1 ? 0 : Math.floor(Math.log(1 - Math.random()) / Math.log(1 - chance));
}

/** Takes of the first `length` bytes, whole lines. */
export function takeSample(sample: LineSample, piece: Uint8Array, length: number): void {
  for (let at = 0; at < length; ) {
    const found = piece.indexOf(LINE_END, at);
    const end = found === -1 || found >= length ? length : found + 1;
    sample.lines += 1;
    if (sample.skip === 0) hold(sample, piece.subarray(at, end));
    else sample.skip -= 1;
    at = end;
  }
}

function hold(sample: LineSample, line: Uint8Array): void {
  const { bytes, ends } = sample;
  while (sample.held === ends.length) thinOut(sample);
  const from = endOf(sample);
  const kept = line.subarray(0, LINE);
  bytes.set(kept, from);
  bytes[from + kept.length] = LINE_END;
  ends[sample.held] = from + kept.length + 1;
  sample.held += 1;
  sample.skip = linesUntil(sample.share);
}

/** Of what is held, the bytes. */
export function endOf({ ends, held }: LineSample): number {
  return held === 0 ? 0 : (ends[held - 1] ?? 0);
}

function thinOut(sample: LineSample): void {
  const { bytes, ends, held } = sample;
  let [kept, to, from] = [0, 0, 0];
  for (let line = 0; line < held; line++) {
    const end = ends[line] ?? 0;
    if (Math.random() < STAYS) {
      bytes.copyWithin(to, from, end);
      to += end - from;
      ends[kept] = to;
      kept += 1;
    }
    from = end;
  }
  sample.held = kept;
  sample.share *= STAYS;
}

// An even random sample of a list's lines, in bounded memory; a short list is kept whole. A line is chosen
// independently of the others and of its position. When the room is used up, each line stays with a chance of 7/8, and
// correspondingly fewer of the following ones are taken: the sample always fills most of the room.

export interface LineSample {
  /** The lines taken, in blocks: whole lines, one after the other. */
  readonly blocks: Block[];
  /** How many lines there is room for. */
  readonly room: number;
  /** How many lines are taken. */
  held: number;
  /** The first block that may have room for another line. */
  current: number;
  /** The share of all lines that is taken. */
  share: number;
  /** How many lines are passed over before the next one is taken. */
  skip: number;
  /** How many lines there have been. */
  lines: number;
}

interface Block {
  readonly bytes: Uint8Array;
  length: number;
}

const END_OF_LINE = 10;
const BLOCK = 1 << 18;
/** Bytes; the longest that the kernel writes has 400. */
const LONGEST_SAMPLED_LINE = 1024;
const STAYS = 7 / 8;
// The number that stays varies.
const SCATTER = 1.02;

/** At least `least` lines will be taken, or all where there are no more. */
export function newLineSample(least: number): LineSample {
  return { blocks: [], room: Math.ceil((SCATTER * least) / STAYS), held: 0, current: 0, share: 1, skip: 0, lines: 0 };
}

/** Takes of the first `length` bytes, whole lines. */
export function takeSample(sample: LineSample, piece: Uint8Array, length: number): void {
  for (let at = 0; at < length; ) {
    const end = lineEnd(piece, at, length);
    // An empty one is passed over everywhere.
    if (piece[at] !== END_OF_LINE) {
      sample.lines += 1;
      if (sample.skip > 0) sample.skip -= 1;
      else hold(sample, piece.subarray(at, Math.min(end, at + LONGEST_SAMPLED_LINE)));
    }
    at = end;
  }
}

function lineEnd(bytes: Uint8Array, from: number, length: number): number {
  const end = bytes.indexOf(END_OF_LINE, from);
  return end === -1 || end >= length ? length : end + 1;
}

function hold(sample: LineSample, line: Uint8Array): void {
  if (sample.held === sample.room) thinOut(sample, STAYS);
  const block = blockFor(sample, line.length + 1);
  block.bytes.set(line, block.length);
  block.length += line.length;
  // The last line of a list may have no end, and what is cut has none.
  if (block.bytes[block.length - 1] !== END_OF_LINE) block.bytes[block.length++] = END_OF_LINE;
  sample.held += 1;
  sample.skip = linesUntil(sample.share);
}

function blockFor(sample: LineSample, size: number): Block {
  const { blocks } = sample;
  for (; ; sample.current += 1) {
    const block = blocks[sample.current] ?? { bytes: new Uint8Array(BLOCK), length: 0 };
    if (sample.current === blocks.length) blocks.push(block);
    if (block.length + size <= BLOCK) return block;
  }
}

/** Returns the number of lines before the next one that is chosen, if each is chosen with this chance. */
function linesUntil(chance: number): number {
  return chance === 1 ? 0 : Math.floor(Math.log(1 - Math.random()) / Math.log(1 - chance));
}

/** Leaves `enough` lines or slightly more, unless the sample has all of them: counting one costs far more than this. */
export function thinTo(sample: LineSample, enough: number): void {
  const most = SCATTER * enough;
  if (sample.share < 1 && sample.held > most) thinOut(sample, most / sample.held);
}

/** Each line stays with that chance. */
function thinOut(sample: LineSample, stays: number): void {
  sample.held = sample.blocks.reduce((kept, block) => kept + thinBlock(block, stays), 0);
  sample.current = 0;
  sample.share *= stays;
}

/** Returns the number of lines that stay, in runs between those that go. */
function thinBlock(block: Block, stays: number): number {
  const { bytes, length } = block;
  let kept = 0;
  block.length = 0;
  for (let at = 0; at < length; ) {
    const most = linesUntil(1 - stays);
    let [lines, end] = [0, at];
    for (; lines < most && end < length; lines++) end = lineEnd(bytes, end, length);
    bytes.copyWithin(block.length, at, end);
    block.length += end - at;
    kept += lines;
    at = end < length ? lineEnd(bytes, end, length) : length;
  }
  return kept;
}

// The first lines of a table's list, to be read twice. The kernel lists its buckets in order, and the bucket of an
// entry is as good as random: the first buckets are an even sample of the table, and the same one in each reading. An
// entry in the second reading only has begun in between, whatever its state.

/** Lines from the beginning of a list. */
export interface ListPart {
  readonly lines: readonly string[];
  /** True if that is the whole list. */
  readonly whole: boolean;
}

/** The parts that a later reading is compared with. */
export interface SeenPart {
  readonly flows: ReadonlySet<string>;
  readonly whole: boolean;
}

/** Lines of new entries, among the lines that could be compared. */
export interface BegunLines {
  readonly lines: readonly string[];
  readonly of: number;
}

export function seenIn({ lines, whole }: ListPart): SeenPart {
  return { flows: new Set(lines.map(flowOf)), whole };
}

/** Undefined if no line is in both readings, so that the end of the first one is unknown. */
export function begunSince({ flows, whole }: SeenPart, { lines }: ListPart): BegunLines | undefined {
  const now = lines.map(flowOf);
  let of = lines.length;
  // The kernel puts an entry at the front of its bucket: only the entries after the last known one are unknown.
  while (!whole && of > 0 && !flows.has(now[of - 1] ?? '')) of -= 1;
  if (of === 0 && lines.length > 0) return undefined;
  const seen = new Set<string>();
  const begun = lines.slice(0, of).filter((_, at) => {
    const flow = now[at] ?? '';
    // A list that changes while it is read can have an entry twice.
    const isNew = !flows.has(flow) && !seen.has(flow);
    seen.add(flow);
    return isNew;
  });
  return { lines: begun, of };
}

/** The parts that an entry keeps for life: protocol, zone, and its original direction. */
export function flowOf(line: string): string {
  const from = line.indexOf(' src=');
  const reply = line.indexOf(' src=', from + 1);
  const end = reply === -1 ? line.length : reply;
  const tuple = line.slice(from, Math.min(end, placeOf(line, ' [', from, end), placeOf(line, ' packets=', from, end)));
  const zone = placeOf(line, ' zone', end, line.length);
  return protocolIn(line) + tuple + line.slice(zone, placeOf(line, ' ', zone + 1, line.length));
}

/** `end` where it is not before that. */
function placeOf(line: string, words: string, from: number, end: number): number {
  const place = line.indexOf(words, from);
  return place === -1 ? end : place;
}

// `ipv4     2 tcp      6`, or without the first two words: names are filled up to eight.
const NAME_BYTES = 8;

function protocolIn(line: string): string {
  const at = line.startsWith('ip') ? line.indexOf(' ', NAME_BYTES + 1) + 1 : 0;
  return line.slice(at, at + NAME_BYTES);
}

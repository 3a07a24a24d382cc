// The first lines of a table's list, to be read twice. The kernel lists its buckets in their order, and which bucket an
// entry is in is as good as chance: so the first buckets are an even sample of the table, and the same one when they are
// read again. What is in the second reading and was not in the first has begun in between, however it looks by then.

/** What was read from the beginning of a list. */
export interface ListPart {
  readonly lines: readonly string[];
  /** Whether that is all of it. */
  readonly whole: boolean;
}

/** What is remembered of it. */
export interface SeenPart {
  readonly flows: ReadonlySet<string>;
  readonly whole: boolean;
}

/** Those that have begun, among so many that can be told. */
export interface BegunLines {
  readonly lines: readonly string[];
  readonly of: number;
}

export function seenIn({ lines, whole }: ListPart): SeenPart {
  return { flows: new Set(lines.map(flowOf)), whole };
}

/** Undefined where nothing of it is known again, so that nobody knows how far the first reading went. */
export function begunSince({ flows, whole }: SeenPart, { lines }: ListPart): BegunLines | undefined {
  const now = lines.map(flowOf);
  let of = lines.length;
  // An entry is put at the front of its bucket: of the last bucket that was read, only what is behind is not known.
  while (!whole && of > 0 && !flows.has(now[of - 1] ?? '')) of -= 1;
  if (of === 0 && lines.length > 0) return undefined;
  const told = new Set<string>();
  const begun = lines.slice(0, of).filter((_, at) => {
    const flow = now[at] ?? '';
    // A list that changes while it is read can have an entry twice.
    const isNew = !flows.has(flow) && !told.has(flow);
    told.add(flow);
    return isNew;
  });
  return { lines: begun, of };
}

/** What stays the same while an entry lives: protocol, zone, and the direction in which it began. */
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

// Reads the first lines of a table's list twice, and counts the new entries among them.

import { bytes } from '#system/bytes';
import type { Root } from '../../kernel/root.ts';
import type { Machine } from '../../model/machine.ts';
import type { Table } from '../../model/table.ts';
import type { RememberedTable, ReportContext } from '../reported.ts';
import type { NewEntries } from './arrivals.ts';
import { canBeYoung } from './begun.ts';
import { nextPiece } from './count.ts';
import { PIECE } from './count-piece.ts';
import { addDigest, type Digest, type Marks, newDigest, scaleDigest } from './digest.ts';
import { digestEntry } from './digest-entry.ts';
import { type EntryFeed, openTableList } from './entry-feed.ts';
import { parseEntries } from './entry-list.ts';
import { type BegunLines, begunSince, type ListPart, seenIn } from './list-part.ts';
import { openGroups, openTimers } from './open-timers.ts';

/** A table's list as it began at some time. */
export interface SeenTable {
  readonly key: string;
  /** Milliseconds since the program began. */
  readonly at: number;
  readonly parts: readonly FamilyPart[];
}

interface FamilyPart {
  readonly family: EntryFeed['family'];
  readonly part: ListPart;
}

/** New entries, scaled by the digest of the whole list. */
export type NewEntriesOf = (all: Digest, marks: Marks) => NewEntries | undefined;

// A fifth of a second for the slower engine; of a table that is full in minutes some dozens of them are new.
const MOST_LINES = 8192;

/** Undefined where it cannot be read. */
export async function seeTable(
  root: Root,
  machine: Machine,
  table: Table,
  context: ReportContext,
): Promise<SeenTable | undefined> {
  const opened = openTableList(root, machine, table);
  if ('fault' in opened) return undefined;
  const at = context.deadline.elapsed();
  const parts: FamilyPart[] = [];
  for (const feed of opened.feed.families?.map((open) => open()) ?? [opened.feed]) {
    const part = await context.stop.during(() => firstListLines(feed, context));
    if (part === undefined) return undefined;
    parts.push({ family: feed.family, part });
  }
  return { key: table.key, at, parts };
}

export function rememberTable({ key, at, parts }: SeenTable): RememberedTable {
  const lines = parts.flatMap(({ part }) => part.lines);
  return { key, at, parts: parts.map(({ part }) => seenIn(part)), open: openTimers(lines) };
}

async function firstListLines(feed: EntryFeed, context: ReportContext): Promise<ListPart | undefined> {
  const piece = new Uint8Array(PIECE);
  const lines: string[] = [];
  try {
    while (lines.length < MOST_LINES) {
      const got = await nextPiece(feed, piece, context);
      if (got === 'stopped' && lines.length > 0) break;
      if (typeof got !== 'number') return undefined;
      if (got === 0) return { lines, whole: true };
      lines.push(...bytes.toLatin1(piece, 0, got).split('\n').filter(Boolean));
    }
    return { lines, whole: false };
  } finally {
    feed.close();
  }
}

/** `all`: the digest of the whole list; `entries`: the present number. */
export function newEntries(
  before: RememberedTable,
  { key, at, parts }: SeenTable,
  entries: number,
  all: Digest,
  marks: Marks,
): NewEntries | undefined {
  if (key !== before.key || parts.length !== before.parts.length) return undefined;
  const seconds = (at - before.at) / 1000;
  const lines = parts.flatMap(({ part }) => part.lines);
  const open = openGroups(before.open, lines, seconds, marks);
  const sum = { digest: newDigest(), seconds, counted: 0, read: 0, open };
  for (const [place, { family, part }] of parts.entries()) {
    const seen = before.parts[place];
    const begun = seen === undefined ? undefined : begunSince(seen, part);
    if (begun === undefined) return undefined;
    const digest = digestOf(begun, seconds, marks);
    sum.counted += digest.entries;
    sum.read += begun.of;
    if (!part.whole) scaleDigest(digest, Math.max(1, (entries * familyShare(all, family)) / begun.of));
    addDigest(sum.digest, digest);
  }
  return sum;
}

// Seconds are whole ones in a list, and the second reading takes a moment.
const SLACK_SECONDS = 2;

function digestOf({ lines }: BegunLines, seconds: number, { endedAt, given }: Marks): Digest {
  const digest = newDigest();
  const listed = bytes.fromLatin1(`${lines.join('\n')}\n`);
  parseEntries(listed, 0, listed.length, (entry) => {
    if (canBeYoung(entry, given, seconds + SLACK_SECONDS)) digestEntry(digest, entry, endedAt);
  });
  return digest;
}

/** The share of all entries that the part's family has. */
function familyShare({ entries, ipv6 }: Digest, family: EntryFeed['family']): number {
  if (family === 'both' || entries === 0) return 1;
  return (family === 'ipv6' ? ipv6 : entries - ipv6) / entries;
}

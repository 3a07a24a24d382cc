// Reads a table's entries piece by piece: from a file of the kernel, conntrack(8), a given file, or stdin. Before 6.15
// each read of the kernel's file searches the hash table from its start, so that a long list takes very long:
// conntrack(8) is the better source there. It is the only one where the kernel was built without the file (Ubuntu's).

import { files } from '#system/files';
import { streams } from '#system/streams';
import { systemFault } from '../../kernel/file.ts';
import { enterOf, netFolder } from '../../kernel/namespaces/nsenter.ts';
import type { Root } from '../../kernel/root.ts';
import { startTool, type ToolRun, toolLine } from '../../kernel/run-tool.ts';
import { TOOLS } from '../../kernel/tools.ts';
import type { Fault } from '../../model/fault.ts';
import type { Machine } from '../../model/machine.ts';
import type { Table } from '../../model/table.ts';
import type { Stream } from '../../system/contract.ts';
import { linesEnd, newSharedLines, type SharedLines, takeLines } from './shared-lines.ts';

export interface EntryFeed {
  /** Its name in messages. */
  readonly source: string;
  /** About how many entries it has, where that is known. */
  readonly expected: number | undefined;
  /** Set if several threads may read it. */
  readonly shared: SharedLines | undefined;
  /** Which entries it has. */
  readonly family: 'both' | 'ipv4' | 'ipv6';
  /** Opens each of several lists that follow each other. */
  readonly families: readonly (() => EntryFeed)[] | undefined;
  /** Bytes of whole lines put into `into`; 0 at the end, a fault when there is no going on. */
  take(into: Uint8Array): number | Fault | Promise<number | Fault>;
  close(): void;
}

export type OpenedFeed = { readonly feed: EntryFeed } | { readonly fault: Fault };

/** Up to that many entries the kernel's file is quick enough everywhere. */
const QUICK_ENTRIES = 20_000;
/** Bytes a line has on average, to estimate the lines of a captured file. */
const USUAL_LINE_BYTES = 170;
// Unasked, old ones list IPv4 only, and new ones (1.4.7) both.
const FAMILIES = ['ipv4', 'ipv6'] as const;

/** The list of the table, whosever it is. */
export function openTableList(root: Root, machine: Machine, table: Table): OpenedFeed {
  const { entries } = table;
  const folder = netFolder(root, table);
  const file = () => openFile(root, folder && `${folder}/${machine.generation}`, entries);
  const tool = () => openTool(root, table);
  if (root.view === 'captured') return capturedList(root, entries, file());
  const [first, second] = entries > QUICK_ENTRIES && readsAnew(machine) ? [tool, file] : [file, tool];
  const opened = first();
  if ('feed' in opened) return opened;
  const other = second();
  return 'feed' in other ? other : opened;
}

/** The output of `conntrack -L` in a captured tree, if it does not have the kernel's own list. */
function capturedList(root: Root, entries: number, own: OpenedFeed): OpenedFeed {
  const printed = 'feed' in own ? own : openFile(root, '/conntrack-L', entries);
  return 'feed' in printed ? printed : own;
}

// 6.15: "netfilter: conntrack: speed up reads from nf_conntrack proc file".
function readsAnew({ release }: Machine): boolean {
  return release.ok && (release.value.major < 6 || (release.value.major === 6 && release.value.minor < 15));
}

function openFile(root: Root, path: string | undefined, entries: number): OpenedFeed {
  if (path === undefined) return { fault: { kind: 'missing', source: root.locate('/proc') } };
  const real = root.resolve(path);
  if (typeof real !== 'string') return { fault: real };
  const opened = openRegular(real, root.locate(path));
  return 'feed' in opened ? { feed: { ...opened.feed, expected: entries } } : opened;
}

function openRegular(path: string, source: string): OpenedFeed {
  const descriptor = files.open(path, 'reading');
  if (typeof descriptor !== 'number') return { fault: { ...systemFault(descriptor), source } };
  const status = files.statusOfOpen(descriptor);
  if (!('errno' in status) && status.kind === 'file')
    return { feed: descriptorFeed(descriptor, source, status.size / USUAL_LINE_BYTES) };
  files.close(descriptor);
  return { fault: { ...('errno' in status ? systemFault(status) : { kind: 'not-regular' }), source } };
}

/** A list that was captured elsewhere: a file, a pipe that has a name, or `-` for stdin. */
export function openCaptured(path: string): OpenedFeed {
  if (path === '-') return { feed: streamFeed(streams.ofStdin(), 'stdin') };
  // Opening a device can have an effect.
  const status = files.status(path);
  if ('errno' in status) return { fault: { ...systemFault(status), source: path } };
  if (status.kind === 'file') return openRegular(path, path);
  if (status.kind !== 'fifo') return { fault: { kind: 'not-regular', source: path } };
  const descriptor = files.open(path, 'reading');
  if (typeof descriptor !== 'number') return { fault: { ...systemFault(descriptor), source: path } };
  return { feed: streamFeed(streams.ofDescriptor(descriptor), path) };
}

/** A captured list once more; stdin and pipes cannot be read again. */
export function openAgain(path: string): OpenedFeed {
  const status = files.status(path);
  const isFile = path !== '-' && !('errno' in status) && status.kind === 'file';
  return isFile ? openRegular(path, path) : { fault: { kind: 'not-regular', source: path } };
}

const WHOLE = { family: 'both', families: undefined } as const;

function descriptorFeed(descriptor: number, source: string, expected: number): EntryFeed {
  const shared = newSharedLines(descriptor, source);
  const close = () => void files.close(descriptor);
  return { source, expected, shared, ...WHOLE, take: (into) => takeLines(shared, into), close };
}

function streamFeed(stream: Stream, source: string, end?: () => Promise<Fault | undefined>): EntryFeed {
  // Bytes received but not yet taken, from the start of a line on.
  let waiting = new Uint8Array(0);
  let ended = false;
  // Returns as soon as there is a line: the next one may take any time.
  const untilLine = async (): Promise<Fault | undefined> => {
    while (!ended && linesEnd(waiting, waiting.length) === 0) {
      const piece = await stream.next();
      if (piece === undefined) ended = true;
      else if ('errno' in piece) return { ...systemFault(piece), source };
      else waiting = joined(waiting, piece);
    }
    return undefined;
  };
  const take = async (into: Uint8Array): Promise<number | Fault> => {
    const fault = await untilLine();
    if (fault !== undefined) return fault;
    if (waiting.length === 0) return (await end?.()) ?? 0;
    const length = Math.min(waiting.length, into.length);
    const whole = ended && length === waiting.length ? length : linesEnd(waiting, length);
    into.set(waiting.subarray(0, whole));
    waiting = waiting.subarray(whole);
    return whole;
  };
  return { source, expected: undefined, shared: undefined, ...WHOLE, take, close: stream.close };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** IPv4's entries, then IPv6's: one call gives only the one kind. */
function openTool(root: Root, table: Table): OpenedFeed {
  const run = { tool: TOOLS.entries, source: 'conntrack -L' };
  const line = toolLine(root, run);
  if ('kind' in line) return { fault: line };
  const enter = enterOf(root, table);
  if ('kind' in enter) return { fault: enter };
  const lists = FAMILIES.map((family) => () => ({ ...toolFeed(run, [...enter, ...line, family]), family }));
  return { feed: { ...oneAfterTheOther(run.source, lists), expected: table.entries } };
}

function toolFeed(run: ToolRun, line: readonly string[]): EntryFeed {
  const running = startTool(run, line);
  return { ...streamFeed(running.stdout, run.source, running.ended), close: running.close };
}

function oneAfterTheOther(source: string, feeds: readonly (() => EntryFeed)[]): EntryFeed {
  let at = 0;
  let feed: EntryFeed | undefined;
  const take = async (into: Uint8Array): Promise<number | Fault> => {
    for (;;) {
      feed = feed ?? feeds[at]?.();
      const got = await feed?.take(into);
      if (got !== 0) return got ?? 0;
      at += 1;
      feed = undefined;
    }
  };
  const close = () => feed?.close();
  return { source, expected: undefined, shared: undefined, family: 'both', families: feeds, take, close };
}

// `/proc/<pid>/mountinfo`, every kernel since 2.6.26: the network namespaces that mounts keep, and whether /proc hides
// processes. Printed by show_mountinfo() in fs/proc_namespace.c:
//   id parent major:minor root mountpoint options [tags…] - type source superoptions

import type { NamespaceMount } from '../../model/table.ts';
import type { Parsed, Root } from '../root.ts';

export interface Mounts {
  /** One mount per namespace; a name of ip-netns(8) is preferred. */
  readonly namespaces: readonly NamespaceMount[];
  /** Mounts of procfs, in order: the last one at a mount point hides the others. */
  readonly procs: readonly { readonly path: string; readonly options: string }[];
}

const MOUNTS_LIMIT = 1 << 24;
/** The mount points of `ip netns add`. */
const NAMED_NETNS = /^(?:\/var)?\/run\/netns\//;

export function parseMounts(text: string): Parsed<Mounts> {
  const rows = text.split('\n').flatMap(parseMountRow);
  if (rows.length === 0) return { ok: false, kind: 'malformed' };
  const namespaces = new Map<number, NamespaceMount>();
  for (const { type, root, path } of rows) {
    const [, digits] = /^net:\[(\d{1,10})\]$/.exec(root) ?? [];
    if (type !== 'nsfs' || digits === undefined) continue;
    const number = Number(digits);
    if (!namespaces.has(number) || NAMED_NETNS.test(path)) namespaces.set(number, { number, path });
  }
  return { ok: true, value: { namespaces: Array.from(namespaces.values()), procs: rows.filter(isProc) } };
}

/** Seen from a container, the host's mounts are those of its first process, if that is readable. */
export function readMounts(root: Root): Mounts | undefined {
  const path = root.view === 'host' ? '/proc/1/mountinfo' : '/proc/self/mountinfo';
  const mounts = root.read(path, MOUNTS_LIMIT, parseMounts);
  return mounts.ok ? mounts.value : undefined;
}

interface MountRow {
  readonly root: string;
  readonly path: string;
  readonly type: string;
  readonly options: string;
}

function parseMountRow(line: string): MountRow[] {
  const match = /^\d+ \d+ \d+:\d+ (\S+) (\S+) \S+ (?:\S+ )*?- (\S+) \S* ?(\S*)$/.exec(line);
  if (match === null) return [];
  const [root = '', path = '', type = '', options = ''] = match.slice(1);
  return [{ root, path: unescapeMount(path), type, options }];
}

function isProc({ type }: MountRow): boolean {
  return type === 'proc';
}

// Spaces, line ends and backslashes are octal escapes; each character of the text is a byte of the path.
function unescapeMount(path: string): string {
  const bytes = path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return fromUtf8(bytes);
}

// A path that is not UTF-8 cannot be opened here; its invalid bytes become U+FFFD.
function fromUtf8(bytes: string): string {
  return bytes.replace(/[\x80-\xff]+/g, (run) => {
    try {
      return decodeURIComponent(Array.from(run, (byte) => `%${byte.charCodeAt(0).toString(16)}`).join(''));
    } catch {
      return '\ufffd'.repeat(run.length);
    }
  });
}

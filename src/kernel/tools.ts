// Every program that may be run: by its path, never through a shell or PATH, and not if that would load a module. A
// test compares SECURITY.md and the manual with this table.

import { files } from '#system/files';
import { exists } from './file.ts';

/** Directories that are searched for programs, in this order. */
export const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'] as const;

export interface Tool {
  /** The names of the program; the first that is installed is run. */
  readonly programs: readonly [string, ...string[]];
  /** The first arguments; those that differ between runs follow. */
  readonly args: readonly string[];
  /** When it is run, in the words of SECURITY.md. */
  readonly when: string;
  readonly user: 'any' | 'root';
  /** Time limit; the command's own deadline applies too. */
  readonly milliseconds: number;
  /** Limit of its output. */
  readonly bytes: number;
  /** The module that answers it, under any of its names: running the tool would load it. Empty if there is none. */
  readonly needs: readonly string[];
  /** The half of the kernel whose rules the program lists: `iptables-save` may be either. */
  readonly half?: 'nft' | 'legacy';
}

const MIB = 1 << 20;
const LISTED = '`report`, `plan`';
const SWEEP = '`--netns all`, `munin` with netns=all, `report`';
const CONNTRACK = { programs: ['conntrack'], needs: ['nf_conntrack_netlink', 'ip_conntrack_netlink'] } as const;
const RULES = { user: 'root', milliseconds: 5000, bytes: 4 * MIB } as const;
// -t leaves out the elements of sets, of which there may be millions.
const NFT = { ...RULES, programs: ['nft'], needs: ['nf_tables'] } as const;
const LEGACY = { ...RULES, args: ['-c'], half: 'legacy' } as const;
// nft_compat holds the iptables rules that nft cannot translate.
const FOREIGN = { ...RULES, args: ['-c'], needs: ['nft_compat'], half: 'nft' } as const;
// Before 4.20 the kernel sends the other tables too.
const ROUTES = { programs: ['ip'], user: 'any', milliseconds: 10_000, bytes: MIB, needs: [] } as const;
const INSIDE = { user: 'root', milliseconds: 10_000, bytes: 4 * MIB, needs: [] } as const;

export const TOOLS = {
  counters: {
    ...CONNTRACK,
    args: ['-S'],
    when: 'any command, if the kernel has no /proc/net/stat/nf_conntrack',
    user: 'any',
    milliseconds: 10_000,
    bytes: MIB,
  },
  entries: {
    ...CONNTRACK,
    args: ['-L', '-o', 'extended', '-f'],
    when: '`report`, if /proc/net/nf_conntrack cannot be read, or is slow (before 6.15, above 20,000 entries)',
    user: 'root',
    milliseconds: 300_000,
    // Unlimited because it is read in pieces.
    bytes: Number.POSITIVE_INFINITY,
  },
  enter: {
    programs: ['nsenter'],
    args: [],
    when: `${SWEEP}: runs one of the others in another network namespace`,
    user: 'root',
    milliseconds: 300_000,
    bytes: Number.POSITIVE_INFINITY,
    needs: [],
  },
  leash: {
    programs: ['setpriv'],
    args: ['--pdeathsig', 'KILL'],
    when: 'Node file: runs each of the others, and ends it when the program ends',
    user: 'any',
    milliseconds: 300_000,
    bytes: Number.POSITIVE_INFINITY,
    needs: [],
  },
  lastWords: {
    programs: ['tail'],
    args: ['-c'],
    when: '`report --watch` on a terminal, Node file: leaves the last report if a signal ends the program',
    user: 'any',
    milliseconds: Number.POSITIVE_INFINITY,
    bytes: 0,
    needs: [],
  },
  statistics: {
    ...INSIDE,
    programs: ['cat'],
    args: [],
    when: `${SWEEP}: in a namespace without a process, or if the kernel has no /proc/net/stat/nf_conntrack`,
  },
  settings: {
    ...INSIDE,
    programs: ['grep'],
    args: ['-sH', ''],
    when: '`report`, in another network namespace',
  },
  addresses: {
    ...ROUTES,
    args: ['-4', '-o', 'route', 'show', 'table', 'local'],
    when: '`report`, if /proc/net/fib_trie is missing or longer than 4 MiB',
  },
  addresses6: {
    ...ROUTES,
    args: ['-6', '-o', 'route', 'show', 'table', 'local'],
    when: '`report`, if /proc/net/ipv6_route is longer than 4 MiB, or in a namespace without a process',
  },
  nft: { ...NFT, args: ['-t', '-a', 'list', 'ruleset'], when: LISTED },
  nftBefore093: { ...NFT, args: ['-a', 'list', 'ruleset'], when: 'as `nft -t`, if nft is older than 0.9.3' },
  legacyRules: {
    ...LEGACY,
    programs: ['iptables-legacy-save', 'iptables-save'],
    when: 'as `nft -t`, if iptables has tables of its own',
    needs: ['ip_tables'],
  },
  legacyRules6: {
    ...LEGACY,
    programs: ['ip6tables-legacy-save', 'ip6tables-save'],
    when: 'as `nft -t`, if ip6tables has tables of its own',
    needs: ['ip6_tables'],
  },
  foreignRules: {
    ...FOREIGN,
    programs: ['iptables-nft-save', 'iptables-save'],
    when: '`report`, if nft cannot show the rules of iptables',
  },
  foreignRules6: {
    ...FOREIGN,
    programs: ['ip6tables-nft-save', 'ip6tables-save'],
    when: '`report`, if nft cannot show the rules of ip6tables',
  },
  allowance: {
    programs: ['ethtool'],
    args: ['-S'],
    when: '`report`, for interfaces with the driver ena',
    user: 'any',
    milliseconds: 3000,
    bytes: MIB,
    needs: [],
  },
  zones: {
    programs: ['ovs-appctl'],
    args: ['--timeout=2', 'dpctl/ct-get-limits'],
    when: '`report`, if Open vSwitch runs',
    user: 'any',
    milliseconds: 3000,
    bytes: MIB,
    needs: [],
  },
  journal: {
    programs: ['journalctl'],
    args: ['-k', '-q', '--no-pager', '-o', 'short-unix', '-n', '20000'],
    when: '`report`, if neither /dev/kmsg nor a log file can be read',
    user: 'any',
    milliseconds: 10_000,
    bytes: 4 * MIB,
    needs: [],
  },
} as const satisfies Readonly<Record<string, Tool>>;

/** Returns the path of a program; undefined if it is not installed. */
export function findTool({ programs, half }: Tool): string | undefined {
  const paths = programs.flatMap((program) => FOLDERS.map((folder) => `${folder}/${program}`));
  return paths.find((path) => exists(path) && (half === undefined || half === halfOf(path)));
}

// Since iptables 1.8 all its names are links to xtables-nft-multi or xtables-legacy-multi. Before that there was one
// half.
function halfOf(path: string): 'nft' | 'legacy' {
  const real = files.realPath(path);
  return typeof real === 'string' && real.replace(/^.*\//, '').includes('nft') ? 'nft' : 'legacy';
}

// Which connection-tracking table a machine shows: its generation, entries and limit.
// Paths: nf_conntrack from CentOS 6 to today, ip_conntrack on CentOS 5. From 2.6.20 to 4.6 a compatibility
// shim has the ip_ names beside the nf_ ones; they may count another namespace, so nf_ is asked first.

import type { Fault, Generation, Reading } from '../facts.ts';
import { parseWholeNumber } from './number.ts';
import type { Root } from './root.ts';

const NUMBER_FILE = 4096;

interface Paths {
  readonly generation: Generation;
  readonly directory: string;
  /** In order: OpenVZ gives each container its own limit in `netfilter/`. */
  readonly max: readonly string[];
}

const GENERATIONS: readonly Paths[] = [
  {
    generation: 'nf_conntrack',
    directory: '/proc/sys/net/netfilter',
    max: ['/proc/sys/net/netfilter/nf_conntrack_max', '/proc/sys/net/nf_conntrack_max'],
  },
  {
    generation: 'ip_conntrack',
    directory: '/proc/sys/net/ipv4/netfilter',
    max: ['/proc/sys/net/ipv4/netfilter/ip_conntrack_max', '/proc/sys/net/ipv4/ip_conntrack_max'],
  },
];

/** The sysctls of one generation, where the machine has any of them. */
export interface Table {
  readonly generation: Generation;
  /** Where its other sysctls are. */
  readonly directory: string;
  readonly count: Reading<number>;
  readonly max: Reading<number>;
}

/** The first generation of which count or max is there; undefined when there is none. */
export function findTable(root: Root): Table | undefined {
  for (const { generation, directory, max: places } of GENERATIONS) {
    const count = readNumber(root, `${directory}/${generation}_count`);
    const max = readFirst(root, places);
    if (!isMissing(count) || !isMissing(max)) return { generation, directory, count, max };
  }
  return undefined;
}

/** A whole number from a file of /proc/sys. */
export function readNumber(root: Root, path: string): Reading<number> {
  return root.read(path, NUMBER_FILE, parseWholeNumber);
}

function readFirst(root: Root, places: readonly string[]): Reading<number> {
  const [first = '', ...others] = places;
  const reading = readNumber(root, first);
  if (!isMissing(reading)) return reading;
  const other = others.map((place) => readNumber(root, place)).find((second) => !isMissing(second));
  return other ?? reading;
}

function isMissing(reading: Reading<number>): boolean {
  return !reading.ok && reading.fault.kind === 'missing';
}

/** What to say where the counters show a table whose limit this namespace is not told (3.10 to 5.4). */
export function hiddenLimit(root: Root): Fault {
  return { kind: 'missing', source: root.locate('/proc/sys/net/netfilter/nf_conntrack_max') };
}

// Acquires everything one check needs of one table: which files, in which order, and what stands in for what.

import type { Acquired, ExtensionSettings, Facts, Generation, Reading, Statistics } from '../facts.ts';
import { readToolStatistics } from './conntrack-tool.ts';
import { parseEventListener } from './event-listener.ts';
import { readBuckets, readMemTotal, readPageSize, readRelease } from './machine.ts';
import { isInitialNamespace, type NetDirectory, netDirectory } from './namespace.ts';
import type { Root } from './root.ts';
import { hasCache, parseSlabinfo } from './slabinfo.ts';
import { parseStatistics } from './statistics.ts';
import { findTable, hiddenLimit, readNumber, type Table } from './table.ts';

const STATISTICS_LIMIT = 1 << 22;
const SLABINFO_LIMIT = 1 << 22;
const NETLINK_LIMIT = 1 << 22;
const UNASKED = { buckets: notAsked('buckets'), memTotal: notAsked('MemTotal') };

/**
 * Buckets and RAM are read only with `machine`: a run that does not show them need not wait for them.
 * Never throws for what a machine may hold. A deadline that passed is a fault, whatever was read before.
 */
export function acquire(root: Root, machine: boolean): Acquired {
  const net = netDirectory(root);
  if ('fault' in net) return { kind: 'fault', fault: net.fault };
  const table = findTable(root);
  const acquired = table === undefined ? withoutSysctls(root, net) : readTable(root, net, table, machine);
  const late = root.late();
  return late === undefined ? acquired : { kind: 'fault', fault: late };
}

// Kernels 3.10 to 5.4 export no sysctl to a namespace that a user namespace owns; its counters still show.
function withoutSysctls(root: Root, net: NetDirectory): Acquired {
  const statistics = readProcStatistics(root, net, 'nf_conntrack');
  const absent = !statistics.ok && statistics.fault.kind === 'missing';
  return absent ? { kind: 'absent' } : { kind: 'fault', fault: hiddenLimit(root) };
}

function readTable(root: Root, net: NetDirectory, table: Table, machine: boolean): Acquired {
  if (!table.max.ok) return { kind: 'fault', fault: table.max.fault };
  if (net.sysctlsAgree && !table.count.ok) return { kind: 'fault', fault: table.count.fault };
  const statistics = readStatistics(root, net, table.generation);
  const count = net.sysctlsAgree ? table.count : entriesOf(statistics);
  if (!count.ok) return { kind: 'fault', fault: count.fault };

  const { generation, directory } = table;
  const facts: Facts = {
    view: root.view,
    generation,
    initialNamespace: !net.sysctlsAgree || generation === 'ip_conntrack' || isInitialNamespace(root),
    count: count.value,
    countSource: count.source,
    max: table.max.value,
    maxSource: table.max.source,
    statistics,
    release: readRelease(root),
    pageSize: readPageSize(root),
    slabCache: root.read('/proc/slabinfo', SLABINFO_LIMIT, parseSlabinfo, hasCache),
    extensions: readExtensionSettings(root, net, directory),
    ...(machine
      ? { buckets: readBuckets(root, `${directory}/${generation}_buckets`), memTotal: readMemTotal(root) }
      : UNASKED),
  };
  return { kind: 'table', facts };
}

function readProcStatistics(root: Root, net: NetDirectory, generation: Generation): Reading<Statistics> {
  return root.read(`${net.path}/stat/${generation}`, STATISTICS_LIMIT, parseStatistics);
}

// A captured tree is only read, and conntrack(8) can tell of no namespace but the one it runs in.
function readStatistics(root: Root, net: NetDirectory, generation: Generation): Reading<Statistics> {
  const statistics = readProcStatistics(root, net, generation);
  const noFile = !statistics.ok && statistics.fault.kind === 'missing';
  if (!noFile || root.view === 'captured' || !net.sysctlsAgree) return statistics;
  return readToolStatistics(root);
}

function entriesOf(statistics: Reading<Statistics>): Reading<number> {
  if (!statistics.ok) return statistics;
  const { entries } = statistics.value;
  if (entries !== undefined) return { ok: true, value: entries, source: statistics.source };
  return { ok: false, fault: { kind: 'malformed', source: statistics.source } };
}

// The sysctls of another namespace cannot be seen, and ours say nothing about it.
function readExtensionSettings(root: Root, net: NetDirectory, directory: string): ExtensionSettings {
  const setting = (name: string): Reading<number> => {
    const path = `${directory}/nf_conntrack_${name}`;
    if (net.sysctlsAgree) return readNumber(root, path);
    return { ok: false, fault: { kind: 'other-namespace', source: root.locate(path) } };
  };
  return {
    acct: setting('acct'),
    timestamp: setting('timestamp'),
    events: setting('events'),
    listener: root.read(`${net.path}/netlink`, NETLINK_LIMIT, parseEventListener),
  };
}

function notAsked(source: string): Reading<number> {
  return { ok: false, fault: { kind: 'not-asked', source } };
}

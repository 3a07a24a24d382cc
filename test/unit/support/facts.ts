// Facts of a healthy machine, of which a test changes what it is about.

import type { Facts, Fault, Reading, Statistics } from '../../../src/facts.ts';

export function ok<T>(value: T, source = '/proc/x'): Reading<T> {
  return { ok: true, value, source };
}

export function fault(kind: Fault['kind'], source = '/proc/x'): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: { kind, source } };
}

const STATISTICS: Statistics = {
  entries: 100,
  cpus: [
    { drop: 1, early_drop: 2, insert_failed: 3, chainlength: 4 },
    { drop: 10, early_drop: 20, insert_failed: 30, chainlength: 40 },
  ],
};

const FACTS: Facts = {
  view: 'own',
  generation: 'nf_conntrack',
  initialNamespace: true,
  count: 100,
  countSource: '/proc/sys/net/netfilter/nf_conntrack_count',
  max: 1000,
  maxSource: '/proc/sys/net/netfilter/nf_conntrack_max',
  buckets: ok(500),
  statistics: ok(STATISTICS, '/proc/net/stat/nf_conntrack'),
  release: ok({ major: 6, minor: 1 }, '/proc/sys/kernel/osrelease'),
  pageSize: ok(4096),
  slabCache: ok({ name: 'nf_conntrack', objectSize: 256, objectsPerSlab: 16, pagesPerSlab: 1 }, '/proc/slabinfo'),
  extensions: { acct: ok(0), timestamp: ok(0), events: ok(2), listener: ok(false) },
  memTotal: ok(1_000_000),
};

export function facts(changes: Partial<Facts> = {}): Facts {
  return { ...FACTS, ...changes };
}

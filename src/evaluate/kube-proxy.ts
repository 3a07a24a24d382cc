// The limit that kube-proxy sets when it starts (pkg/proxy/conntrack/sysctls.go): 32768 per CPU
// (--conntrack-max-per-core), at least --conntrack-min; releases of 2026 at most 1048576, and only upwards. It raises
// the buckets to a quarter of the limit.

import type { Evidence } from '../model/configuration.ts';
import { type Machine, wholePages } from '../model/machine.ts';
import type { Table } from '../model/table.ts';

const PER_CPU = 32_768;
const LEAST = 131_072;
const MOST = 1_048_576;
const ENTRIES_PER_BUCKET = 4;
// Seen on a node: a page of buckets more than the rounding explains.
const SLACK = 0.01;

/** True if the limit is kube-proxy's default. Another program may set the same, but hardly on a Kubernetes node. */
export function isKubeProxys({ buckets }: Machine, { limit }: Table, { kubelet, cpus }: Evidence): boolean {
  if (kubelet === undefined || cpus === undefined) return false;
  const scaled = Math.max(PER_CPU * cpus, LEAST);
  const isItsLimit = limit === scaled || limit === Math.min(scaled, MOST);
  return isItsLimit && (!buckets.ok || ENTRIES_PER_BUCKET * buckets.value >= limit);
}

/** True if the buckets are a quarter of the limit, as kube-proxy, pve-firewall and plan set them. */
export function hasQuarterBuckets(machine: Machine, { limit }: Table): boolean {
  const { buckets } = machine;
  if (!buckets.ok) return false;
  const quarter = limit / ENTRIES_PER_BUCKET;
  return buckets.value === wholePages(machine, quarter) || Math.abs(buckets.value / quarter - 1) < SLACK;
}

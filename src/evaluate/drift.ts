// Drift: a live limit that differs from the configured one, and its likely causes.

import type { Configuration, Evidence } from '../model/configuration.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { appliedBefore, type WantedLimit, wantedLimit } from './configured.ts';
import { atLeast } from './kernel-version.ts';
import { hasQuarterBuckets, isKubeProxys } from './kube-proxy.ts';
import { isLimitOfLoad } from './module-load.ts';

/** The live limit and the configured one. */
export interface Drift {
  readonly kind: 'below' | 'above' | 'same';
  readonly live: number;
  readonly wanted: WantedLimit;
}

/** Why the limit is below the configured one, if the machine shows evidence. */
export type Cause =
  | 'unknown key'
  | 'not read at boot'
  | 'pve-firewall'
  | 'iptables unloads'
  | 'kube-proxy'
  | 'stopped half way'
  | 'quarter buckets'
  | 'set since'
  | 'built in'
  | 'rule without effect'
  | 'loaded after sysctl'
  | 'no hashsize';

/**
 * Undefined if they cannot be compared: nothing is configured, something could not be read, no limit is set, or this
 * is not the initial namespace, the only one whose limit can be set.
 */
export function driftOf(observation: Observation): Drift | undefined {
  const {
    tables: [own],
    configuration,
  } = observation;
  if (configuration === undefined || configuration.faults.length > 0) return undefined;
  const { isInitial, limit: live } = own;
  const wanted = wantedLimit(configuration, observation);
  if (!isInitial || live === 0 || wanted === undefined) return undefined;
  const kind = live < wanted.limit ? 'below' : live > wanted.limit ? 'above' : 'same';
  return { kind, live, wanted };
}

/** Returns the causes that the evidence supports; none unless the limit is below and the evidence was read. */
export function likelyCauses(observation: Observation, drift: Drift | undefined): readonly Cause[] {
  const { configuration, evidence } = observation;
  if (drift?.kind !== 'below' || configuration === undefined || evidence === undefined) return [];
  return causesOf(drift, observation, configuration, evidence);
}

function causesOf(
  { wanted, live }: Drift,
  { machine, tables: [own] }: Observation,
  configuration: Configuration,
  evidence: Evidence,
): readonly Cause[] {
  if (!wanted.known) return ['unknown key'];
  if (!wanted.atBoot) return ['not read at boot'];
  if (isPveFirewalls(live, configuration, evidence)) return ['pve-firewall'];
  if (isKubeProxys(machine, own, evidence)) return ['kube-proxy'];
  if (!isOfLoad(machine, own, configuration)) return [setBy(machine, own, configuration, evidence, wanted)];
  if (wanted.by === 'hashsize')
    return evidence.builtIn === true && wanted.key === 'hashsize' ? ['built in'] : unloads(machine, evidence);
  return [...unloads(machine, evidence), ...moduleCauses(machine, configuration, evidence)];
}

/** The limit that pve-firewall sets unless host.fw asks for more. */
export const PVE_DEFAULT = 262_144;

function isPveFirewalls(live: number, { services }: Configuration, { kind }: Evidence): boolean {
  return kind === 'proxmox' && (services[services.length - 1]?.value ?? PVE_DEFAULT) === live;
}

function setBy(
  machine: Machine,
  own: Table,
  configuration: Configuration,
  { kubelet }: Evidence,
  wanted: WantedLimit,
): Cause {
  if (appliedBefore(configuration, own.limit, wanted) !== undefined) return 'stopped half way';
  if (!hasQuarterBuckets(machine, own)) return 'set since';
  return kubelet === undefined ? 'quarter buckets' : 'kube-proxy';
}

// `service iptables restart` unloads the modules of CentOS 5 and EL6, and with them the limit.
function unloads({ generation, release }: Machine, { iptablesUnloads }: Evidence): readonly Cause[] {
  const isOld = generation === 'ip_conntrack' || (release.ok && !atLeast(release.value, 3, 0));
  return isOld && iptablesUnloads === true ? ['iptables unloads'] : [];
}

// A sysctl is lost if the module is loaded after it was set, or reloaded: the module then takes its default.
function moduleCauses(
  { generation }: Machine,
  { hashsizes, reapplied }: Configuration,
  { builtIn, loader, udevRule, unseen }: Evidence,
): readonly Cause[] {
  if (builtIn !== false) return [];
  const isSeen = !unseen.includes('modules loaded at boot') && !unseen.includes('udev rules');
  const isLate = isSeen && loader === undefined && !reapplied && generation === 'nf_conntrack';
  const late =
    udevRule !== undefined ? (['rule without effect'] as const) : isLate ? (['loaded after sysctl'] as const) : [];
  const hashsize = hashsizes.some(({ module, key }) => module === generation && key === 'hashsize');
  return [...late, ...(hashsize ? [] : (['no hashsize'] as const))];
}

function isOfLoad(machine: Machine, { limit }: Table, { hashsizes }: Configuration): boolean {
  const own = hashsizes.filter(({ module }) => module === machine.generation);
  return isLimitOfLoad(
    machine,
    limit,
    own.map(({ value }) => value),
  );
}

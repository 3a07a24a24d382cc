// Whether the live limit is what the files want, and what the machine shows of why it is not.

import type { Configuration, Evidence } from '../model/configuration.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { type WantedLimit, wantedLimit } from './configured.ts';
import { isKubeProxys } from './kube-proxy.ts';
import { isLimitOfLoad } from './module-load.ts';

/** The live limit beside the configured one. */
export interface Drift {
  readonly kind: 'below' | 'above' | 'same';
  readonly live: number;
  readonly wanted: WantedLimit;
}

/** Why the limit is below what is configured, as far as the machine supports it. */
export type Cause =
  | 'unknown key'
  | 'not read at boot'
  | 'iptables unloads'
  | 'kube-proxy'
  | 'set since'
  | 'built in'
  | 'loaded after sysctl'
  | 'no hashsize';

/**
 * Undefined where no claim can be made: nothing is configured, something could not be read, no limit is set, or this
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

/** The likely causes, as far as the evidence goes; none where the limit is not below, and where nobody asked. */
export function likelyCauses(observation: Observation, drift: Drift | undefined): readonly Cause[] {
  const { configuration, evidence } = observation;
  if (drift?.kind !== 'below' || configuration === undefined || evidence === undefined) return [];
  return causesOf(drift, observation, configuration, evidence);
}

function causesOf(
  { wanted }: Drift,
  { machine, tables: [own] }: Observation,
  configuration: Configuration,
  evidence: Evidence,
): readonly Cause[] {
  if (!wanted.known) return ['unknown key'];
  if (!wanted.atBoot) return ['not read at boot'];
  if (isKubeProxys(machine, own, evidence)) return ['kube-proxy'];
  if (!isOfLoad(machine, own, configuration)) return ['set since'];
  if (wanted.by === 'hashsize')
    return evidence.builtIn === true && wanted.key === 'hashsize' ? ['built in'] : unloads(machine, evidence);
  return [...unloads(machine, evidence), ...moduleCauses(machine, configuration, evidence)];
}

// Only the ip_conntrack modules of CentOS 5 were seen to lose their limit that way.
function unloads({ generation }: Machine, { iptablesUnloads }: Evidence): readonly Cause[] {
  return generation === 'ip_conntrack' && iptablesUnloads === true ? ['iptables unloads'] : [];
}

// A sysctl is lost when the module is loaded after it was set, or anew: the module then takes its default.
function moduleCauses(
  { generation }: Machine,
  { hashsizes, reapplied }: Configuration,
  evidence: Evidence,
): readonly Cause[] {
  if (evidence.builtIn !== false) return [];
  const late = !evidence.loadedAtBoot && !reapplied && generation === 'nf_conntrack';
  const hashsize = hashsizes.some(({ module, key }) => module === generation && key === 'hashsize');
  return [...(late ? (['loaded after sysctl'] as const) : []), ...(hashsize ? [] : (['no hashsize'] as const))];
}

function isOfLoad(machine: Machine, { limit }: Table, { hashsizes }: Configuration): boolean {
  const own = hashsizes.filter(({ module }) => module === machine.generation);
  return isLimitOfLoad(
    machine,
    limit,
    own.map(({ value }) => value),
  );
}

// What to type, and which lines to put where, so that a limit is set now and stays set, for each generation.

import { atLeast } from '../evaluate/kernel-version.ts';
import type { Plan } from '../evaluate/plan.ts';
import type { Facts, Surroundings } from '../facts.ts';

/** Lines for one place. */
export interface Place {
  readonly where: string;
  readonly lines: readonly string[];
}

/** Buckets first, so that there is room before the entries come. What is so already is left out. */
export function liveCommands({ generation, buckets: now, max }: Facts, { limit, buckets }: Plan): readonly string[] {
  const commands: string[] = [];
  if (!now.ok || now.value < buckets) commands.push(`echo ${buckets} > /sys/module/${generation}/parameters/hashsize`);
  if (max !== limit) commands.push(`sysctl -w ${SYSCTLS[generation]}=${limit}`);
  return commands;
}

const SYSCTLS = {
  nf_conntrack: 'net.netfilter.nf_conntrack_max',
  ip_conntrack: 'net.ipv4.netfilter.ip_conntrack_max',
} as const;

export function durable(facts: Facts, { systemd, evidence }: Surroundings, plan: Plan): readonly Place[] {
  const { generation, release } = facts;
  // A captured tree need not show its init; those that came with these kernels read both directories.
  const modern = systemd || (release.ok && atLeast(release.value, 3, 10));
  const options = `options ${generation} hashsize=${plan.buckets}`;
  const sysctl = `${SYSCTLS[generation]} = ${plan.limit}`;
  if (generation === 'ip_conntrack')
    return [
      { where: '/etc/modprobe.conf', lines: [options] },
      { where: '/etc/sysctl.conf', lines: [sysctl] },
      { where: '/etc/sysconfig/iptables-config', lines: ['IPTABLES_MODULES_UNLOAD="no"'] },
    ];
  const files = [{ where: sysctlFile(modern, plan), lines: [sysctl] }];
  if (evidence.builtIn === true)
    return [{ where: 'the kernel command line', lines: [`nf_conntrack.hashsize=${plan.buckets}`] }, ...files];
  const modules = { where: '/etc/modules-load.d/nf_conntrack.conf', lines: ['nf_conntrack'] };
  return [{ where: '/etc/modprobe.d/nf_conntrack.conf', lines: [options] }, ...files, ...(modern ? [modules] : [])];
}

// Where it is set already it has to be changed: a second file may come before that one.
function sysctlFile(modern: boolean, { configured }: Plan): string {
  if (configured !== undefined && configured.by === 'sysctl' && configured.atBoot) return configured.path;
  return modern ? '/etc/sysctl.d/90-nf_conntrack.conf' : '/etc/sysctl.conf';
}

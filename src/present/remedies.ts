// What to type, and which lines to put where, so that a limit is set now and stays set, for each generation.

import { atLeast } from '../evaluate/kernel-version.ts';
import type { Plan } from '../evaluate/plan.ts';
import type { Evidence } from '../observation/configuration.ts';
import { GENERATIONS, hashsizeFile } from '../observation/generation.ts';
import type { Machine } from '../observation/machine.ts';
import type { Observation } from '../observation/observation.ts';

/** Lines for one file, or for what else is named. */
export interface FileLines {
  readonly where: string;
  readonly lines: readonly string[];
}

/** Buckets first, so that there is room before the entries come. What is so already is left out. */
export function liveCommands({ machine, tables }: Observation, { limit, buckets }: Plan): readonly string[] {
  const { generation, buckets: now } = machine;
  const commands: string[] = [];
  if (!now.ok || now.value < buckets) commands.push(hashsizeCommand(machine, buckets));
  if (tables[0].limit !== limit) commands.push(`sysctl -w ${GENERATIONS[generation].limitKeys[0]}=${limit}`);
  return commands;
}

export function hashsizeCommand({ generation }: Machine, buckets: number): string {
  return `echo ${buckets} > ${hashsizeFile(generation)}`;
}

const UNKNOWN: Evidence = {
  iptablesUnloads: undefined,
  builtIn: undefined,
  loadedAtBoot: false,
  systemd: false,
  kubernetes: false,
  cpus: undefined,
};

export function durable({ machine, evidence = UNKNOWN }: Observation, plan: Plan): readonly FileLines[] {
  const { generation, release } = machine;
  const { limitKeys, modprobeFile } = GENERATIONS[generation];
  // A captured tree need not show its init; those that came with these kernels read both directories.
  const modern = evidence.systemd || (release.ok && atLeast(release.value, 3, 10));
  const options = `options ${generation} hashsize=${plan.buckets}`;
  const sysctl = `${limitKeys[0]} = ${plan.limit}`;
  if (generation === 'ip_conntrack')
    return [
      { where: modprobeFile, lines: [options] },
      { where: '/etc/sysctl.conf', lines: [sysctl] },
      { where: '/etc/sysconfig/iptables-config', lines: ['IPTABLES_MODULES_UNLOAD="no"'] },
    ];
  const files = [{ where: sysctlFile(modern, plan), lines: [sysctl] }];
  const flags = kubeProxyFlags(evidence, `--conntrack-min=${plan.limit}`);
  if (evidence.builtIn === true) {
    const commandLine = { where: 'the kernel command line', lines: [`nf_conntrack.hashsize=${plan.buckets}`] };
    return [commandLine, ...files, ...flags];
  }
  const modules = { where: '/etc/modules-load.d/nf_conntrack.conf', lines: ['nf_conntrack'] };
  return [{ where: modprobeFile, lines: [options] }, ...files, ...(modern ? [modules] : []), ...flags];
}

// The timeouts that it sets when it starts, unless it is told 0.
const KUBE_PROXY_TIMEOUTS = ['tcp_timeout_established', 'tcp_timeout_close_wait'];

/** What else makes a timeout of the host's namespace last. */
export function timeoutFlags({ evidence }: Observation, name: string, seconds: number): readonly FileLines[] {
  if (evidence === undefined || !KUBE_PROXY_TIMEOUTS.includes(name)) return [];
  return kubeProxyFlags(evidence, `--conntrack-${name.replace(/_/g, '-')}=${seconds}s`);
}

function kubeProxyFlags({ kubernetes }: Evidence, flag: string): readonly FileLines[] {
  return kubernetes ? [{ where: 'the flags of kube-proxy, which sets it when it starts', lines: [flag] }] : [];
}

// Where it is set already it has to be changed: a second file may come before that one.
function sysctlFile(modern: boolean, { configured }: Plan): string {
  if (configured !== undefined && configured.by === 'sysctl' && configured.atBoot) return configured.path;
  return modern ? '/etc/sysctl.d/90-nf_conntrack.conf' : '/etc/sysctl.conf';
}

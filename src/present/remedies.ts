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

const UNKNOWN: Evidence = { iptablesUnloads: undefined, builtIn: undefined, loadedAtBoot: false, systemd: false };

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
  if (evidence.builtIn === true)
    return [{ where: 'the kernel command line', lines: [`nf_conntrack.hashsize=${plan.buckets}`] }, ...files];
  const modules = { where: '/etc/modules-load.d/nf_conntrack.conf', lines: ['nf_conntrack'] };
  return [{ where: modprobeFile, lines: [options] }, ...files, ...(modern ? [modules] : [])];
}

// Where it is set already it has to be changed: a second file may come before that one.
function sysctlFile(modern: boolean, { configured }: Plan): string {
  if (configured !== undefined && configured.by === 'sysctl' && configured.atBoot) return configured.path;
  return modern ? '/etc/sysctl.d/90-nf_conntrack.conf' : '/etc/sysctl.conf';
}

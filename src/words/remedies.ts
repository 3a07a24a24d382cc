// The commands that set a limit now, and the lines in files that keep it, for each generation.

import { defaultBuckets, defaultLimit } from '../evaluate/module-load.ts';
import type { Plan } from '../evaluate/sizing.ts';
import type { Evidence, HashsizeOption } from '../model/configuration.ts';
import { GENERATIONS, type Generation } from '../model/generation.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation } from '../model/observation.ts';
import { type Action, bucketsLine, commandsOf } from './action.ts';
import { type FileLines, ownConfiguration, placesOf } from './machine-remedies.ts';

export type { FileLines };

/** The file for sysctls that no file sets yet. */
export function sysctlPlaces({ generation }: Pick<Machine, 'generation'>): string {
  return generation === 'ip_conntrack' ? SYSCTL_CONF_SHOWN : `${SYSCTL_CONF_SHOWN}, or a file in /etc/sysctl.d`;
}

const SYSCTL_CONF_SHOWN = '/etc/sysctl.conf';

/** A line of sysctl.d(5). */
export function sysctlLine(generation: Generation, name: string, value: number): string {
  return `${GENERATIONS[generation].sysctlPrefix}${name} = ${value}`;
}

/** Buckets come first, so that chains stay short. Values that are already set are left out. */
export function limitActions({ machine, tables }: Observation, { limit, buckets }: Plan): readonly Action[] {
  const [{ limit: now }] = tables;
  const [name] = GENERATIONS[machine.generation].limitKeys;
  return [
    ...bucketActions(machine, buckets),
    ...(now === limit ? [] : [{ kind: 'sysctl', name, value: limit, now } as const]),
  ];
}

/** None if the current number is unknown: it could not be restored. */
export function bucketActions({ generation, buckets: now }: Machine, buckets: number): readonly Action[] {
  return now.ok && now.value < buckets ? [{ kind: 'buckets', generation, buckets, now: now.value }] : [];
}

/** The same as commands, which set unknown buckets too. */
export function liveCommands(observation: Observation, plan: Plan): readonly string[] {
  const { generation, buckets } = observation.machine;
  const unseen = buckets.ok ? [] : [bucketsLine(generation, plan.buckets)];
  return [...unseen, ...commandsOf(limitActions(observation, plan), '')];
}

export function durable(observation: Observation, plan: Plan): readonly FileLines[] {
  const { machine, evidence } = observation;
  const { generation } = machine;
  const own = ownConfiguration(evidence?.kind, plan);
  if (own !== undefined) return own;
  const places = placesOf(observation);
  const sysctl = `${GENERATIONS[generation].limitKeys[0]} = ${plan.limit}`;
  const newFile = generation === 'ip_conntrack' ? SYSCTL_CONF_SHOWN : places.sysctl;
  const files = [...hashsizeFiles(observation, plan), ...sysctlEdit(sysctlFile(newFile, plan), sysctl, plan)];
  if (generation === 'ip_conntrack') return [...files, ...iptablesFiles(evidence?.iptablesUnloads)];
  const isLoaded = places.loader === undefined || evidence?.builtIn === true || evidence?.loader !== undefined;
  return [
    ...files,
    ...(isLoaded || places.loader === undefined ? [] : [places.loader]),
    ...(evidence?.kind === 'red hat without systemd' && evidence.iptablesUnloads === true ? iptablesFiles(true) : []),
    ...kubeProxyFlags(evidence, `--conntrack-min=${plan.limit}`),
  ];
}

const COMMAND_LINE_WORDS = 'the kernel command line';

/**
 * The edit that sets the buckets in one place and removes every other: the last one wins, and 2.6.32 has crashed on two
 * hashsizes in one load. None if the kernel's default is right, or the file already sets them.
 */
function hashsizeFiles(observation: Observation, plan: Plan): readonly FileLines[] {
  const { machine, configuration, evidence } = observation;
  const { generation } = machine;
  const all = (configuration?.hashsizes ?? []).filter(({ module }) => module === generation);
  // Options of modprobe.d do nothing if conntrack is built in.
  const set = evidence?.builtIn === true ? all.filter(isOfCommandLine) : all;
  const last = set[set.length - 1];
  if (last === undefined) return newHashsize(observation, plan);
  const kept = last.value === plan.buckets ? [] : [replaced(last, [hashsizeLine(last, plan.buckets)])];
  return [...kept, ...set.slice(0, -1).map((option) => replaced(option, []))];
}

// A module may be loaded again without sysctl: then its own limit must not be lower.
function newHashsize(observation: Observation, { buckets, limit }: Plan): readonly FileLines[] {
  const { machine, evidence } = observation;
  const { generation } = machine;
  const hasNoModule = evidence?.builtIn === true;
  const isEnough = buckets <= defaultBuckets(machine) && (hasNoModule || limit <= defaultLimit(machine));
  if (isEnough && startsByDefault(machine)) return [];
  if (hasNoModule) return [{ where: COMMAND_LINE_WORDS, lines: [`${generation}.hashsize=${buckets}`] }];
  return generation === 'ip_conntrack'
    ? [{ where: GENERATIONS[generation].modprobeFile, lines: [`options ${generation} hashsize=${buckets}`] }]
    : [placesOf(observation).hashsize(buckets)];
}

// Fewer buckets than the default: something has set them.
function startsByDefault(machine: Machine): boolean {
  const { memTotal, buckets } = machine;
  return memTotal.ok && buckets.ok && buckets.value >= defaultBuckets(machine);
}

function replaced(option: HashsizeOption, lines: readonly string[]): FileLines {
  const where = isOfCommandLine(option) ? COMMAND_LINE_WORDS : option.path;
  return { where, lines, replaces: [`${option.key}=${option.value}`] };
}

function hashsizeLine({ module, key }: HashsizeOption, buckets: number): string {
  return key === 'hashsize' ? `options ${module} hashsize=${buckets}` : `${key}=${buckets}`;
}

function isOfCommandLine({ key }: HashsizeOption): boolean {
  return key !== 'hashsize';
}

// The timeouts that kube-proxy sets when it starts, unless its flag is 0.
const KUBE_PROXY_TIMEOUTS = ['tcp_timeout_established', 'tcp_timeout_close_wait'];

/** Further edits that make a timeout of the host's namespace permanent. */
export function timeoutFlags({ evidence }: Observation, name: string, seconds: number): readonly FileLines[] {
  if (!KUBE_PROXY_TIMEOUTS.includes(name)) return [];
  return kubeProxyFlags(evidence, `--conntrack-${name.replace(/_/g, '-')}=${seconds}s`);
}

function kubeProxyFlags(evidence: Evidence | undefined, flag: string): readonly FileLines[] {
  if (evidence?.kubelet === undefined) return [];
  const { kubeProxyFile } = evidence;
  return kubeProxyFile === undefined
    ? [{ where: 'the flags of kube-proxy, which sets it when it starts', lines: [flag] }]
    : [{ where: kubeProxyFile, lines: ['kube-proxy-arg:', `  - ${flag.replace(/^--/, '')}`] }];
}

function iptablesFiles(iptablesUnloads: boolean | undefined): readonly FileLines[] {
  const file = { where: '/etc/sysconfig/iptables-config', lines: ['IPTABLES_MODULES_UNLOAD="no"'] };
  if (iptablesUnloads === false) return [];
  return [iptablesUnloads === true ? { ...file, replaces: ['IPTABLES_MODULES_UNLOAD="yes"'] } : file];
}

// None if the file already sets it.
function sysctlEdit(where: string, line: string, { configured, limit }: Plan): readonly FileLines[] {
  if (configured?.by !== 'sysctl' || configured.path !== where) return [{ where, lines: [line] }];
  return configured.limit === limit
    ? []
    : [{ where, lines: [line], replaces: [`${configured.key} = ${configured.value}`] }];
}

// An existing line has to be changed: a second file may be applied before it.
function sysctlFile(newFile: string, { configured }: Plan): string {
  if (configured !== undefined && configured.by === 'sysctl' && configured.atBoot) return configured.path;
  return newFile;
}

// A limit that differs from the configured one, in words.

import { appliedBefore, type Ineffective, ineffective, type WantedLimit } from '../evaluate/configured.ts';
import type { Cause, Drift } from '../evaluate/drift.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Fault } from '../model/fault.ts';
import { GENERATIONS, LIMIT_PER_HASHSIZE } from '../model/generation.ts';
import type { Observation } from '../model/observation.ts';
import { faultWords } from './faults.ts';
import { hashsizeRemedy, loaderRemedy } from './machine-remedies.ts';
import { listWords } from './prose.ts';
import { foreign } from './words.ts';

/** `limit is 65536 but /etc/sysctl.conf sets 1000000`. */
export function driftWords({ live, wanted }: Drift): string {
  const { path, by, value, limit } = wanted;
  const sets = by === 'sysctl' ? `sets ${limit}` : `sets hashsize=${value}, for ${limit}`;
  return `limit is ${live} but ${foreign(path)} ${sets}`;
}

/** Names on line 1 a file that may set the limit and could not be read; empty if all were read. */
export function unjudgedWords(faults: readonly Fault[]): string {
  const [first, ...others] = faults;
  if (first === undefined) return '';
  return `configured limit not judged: ${faultWords(first)}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

/** The lines of `-v`: the comparison, and each likely cause with its remedy and evidence. */
export function driftDetails(evaluation: Evaluation): readonly string[] {
  const without = ineffectiveLines(evaluation.observation).map((line) => `no effect: ${line}`);
  return [...comparedLines(evaluation), ...without];
}

function comparedLines({ drift, causes, unjudged, observation }: Evaluation): readonly string[] {
  if (observation.tables[0].isInitial === undefined)
    return ['configured limit not judged: not known whether this is the initial network namespace'];
  if (drift === undefined) return unjudged.map((fault) => `configured limit not judged: ${faultWords(fault)}`);
  const { kind, wanted, live } = drift;
  const where = `${foreign(wanted.path)} (${foreign(wanted.key)}=${wanted.value})`;
  if (kind === 'same') return [`configured limit: ${wanted.limit}, ${where}`];
  if (kind === 'above')
    return [
      `configured limit: ${wanted.limit}, ${where}: a reboot loses the live ${live} unless its source sets it again`,
    ];
  return [
    `configured limit: ${wanted.limit}, ${where}`,
    ...causes.map(
      (cause) => `likely cause: ${causeWords(cause, drift, observation)}; ${evidenceWords(cause, drift, observation)}`,
    ),
    ...loaderLine(observation),
    ...unseenLine(observation),
  ];
}

/** Settings that have no effect, and why. */
export function ineffectiveLines({ configuration }: Observation): readonly string[] {
  return configuration === undefined ? [] : ineffective(configuration).map(ineffectiveWords);
}

function ineffectiveWords({ path, key, module, refused }: Ineffective): string {
  if (refused === undefined) return `${foreign(path)} gives ${module} the option ${key}, which it does not have`;
  const { kind, bytes } = refused;
  return `${foreign(path)} sets ${foreign(key)} to what the kernel refuses (${kind}, ${bytes} bytes)`;
}

function loaderLine({ evidence }: Observation): readonly string[] {
  if (evidence?.loader === undefined) return [];
  const { path, module } = evidence.loader;
  return [`loaded at boot: ${foreign(path)} names ${foreign(module)}`];
}

function unseenLine({ evidence, machine }: Observation): readonly string[] {
  if (evidence === undefined) return [];
  const unseen = [...(evidence.builtIn === undefined ? ['loaded modules'] : []), ...evidence.unseen];
  const why = machine.view === 'captured' ? 'the tree does not have them' : 'they cannot be read';
  return unseen.length === 0 ? [] : [`not checked, because ${why}: ${unseen.join(', ')}`];
}

/** The evidence for a cause. */
export function evidenceWords(cause: Cause, { wanted, live }: Drift, observation: Observation): string {
  const { machine, configuration, evidence } = observation;
  const { generation } = machine;
  switch (cause) {
    case 'unknown key':
      return `evidence: this kernel has ${generation}, and no file has a key of its limit`;
    case 'not read at boot':
      return evidence?.kind === 'red hat without systemd'
        ? `evidence: ${foreign(evidence.mark ?? '')}`
        : 'evidence: systemd, and no link to the file in the folders of sysctl.d';
    case 'pve-firewall':
      return `evidence: ${foreign(evidence?.mark ?? '')}, and the limit that pve-firewall sets`;
    case 'iptables unloads':
      return 'evidence: /etc/sysconfig/iptables-config does not say "no"';
    case 'kube-proxy':
      return `evidence: ${foreign(evidence?.kubelet ?? '')}, and a limit that kube-proxy sets, or a quarter of the limit as buckets`;
    case 'stopped half way':
      return `evidence: ${live} in an earlier line, in ${foreign(stoppedAfter(wanted, live, configuration))}`;
    case 'quarter buckets':
    case 'set since':
      return 'evidence: the live limit and buckets';
    case 'built in':
      return `evidence: ${generation} as built in, by ${shownBy(evidence)}`;
    case 'rule without effect':
      return `evidence: ${foreign(evidence?.udevRule ?? '')}`;
    case 'loaded after sysctl':
      return `evidence: ${LOADER_FILES} have no line that loads ${generation} or a module that needs it`;
    case 'no hashsize':
      return `evidence: ${loadedWords(observation)}`;
  }
}

function loadedWords({ machine, configuration, evidence }: Observation): string {
  const { generation, buckets } = machine;
  const options = configuration?.hashsizes.length === 0 ? 'no hashsize' : 'no other hashsize';
  return listWords([
    `${generation} as a module in ${shownBy(evidence)}`,
    ...(evidence?.unseen.includes('module options') === true ? [] : [options]),
    ...(buckets.ok ? ['a limit that a load gives'] : []),
  ]);
}

const LOADER_FILES = '/etc/modules, modules-load.d and the like';

function shownBy(evidence: Observation['evidence']): string {
  return evidence?.modulesFile ?? '/proc/modules';
}

/** The cause and its remedy. */
export function causeWords(cause: Cause, drift: Drift, observation: Observation): string {
  const { wanted, live } = drift;
  const { generation } = observation.machine;
  switch (cause) {
    case 'unknown key':
      return `this kernel has no ${foreign(wanted.key)}; use ${GENERATIONS[generation].limitKeys[0]}`;
    case 'not read at boot':
      if (observation.evidence?.kind === 'red hat without systemd')
        return `this release reads /etc/sysctl.conf alone at boot, not ${foreign(wanted.path)}`;
      return `systemd does not read ${foreign(wanted.path)} at boot here; ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf`;
    case 'pve-firewall':
      return `pve-firewall sets it whenever it applies its rules, 262144 unless host.fw asks for more; set nf_conntrack_max: ${wanted.limit} under [OPTIONS] of /etc/pve/local/host.fw`;
    case 'iptables unloads':
      return `service iptables restart unloads the module and with it the limit; set IPTABLES_MODULES_UNLOAD="no" in /etc/sysconfig/iptables-config${generation === 'nf_conntrack' ? ', or IPTABLES_SYSCTL_LOAD_LIST=".nf_conntrack"' : ''}, then sysctl -p`;
    case 'kube-proxy':
      return 'kube-proxy sets it when it starts, by default 32768 for each CPU and no less than 131072; see its --conntrack-max-per-core and --conntrack-min';
    case 'stopped half way':
      return stoppedWords(drift, observation);
    case 'quarter buckets':
      return `kube-proxy (its --conntrack-max-per-core and --conntrack-min) or a similar program has set ${live}: the buckets are a quarter of it, and loading the module with these would not set it`;
    case 'set since':
      return `loading the module with these buckets would not set ${live}: sysctl -w, a script or another program has set it since`;
    case 'built in':
      return `conntrack is built into this kernel, modprobe options do nothing; put nf_conntrack.hashsize=${wanted.value} on its command line`;
    case 'rule without effect':
      return `the udev rule in ${foreign(observation.evidence?.udevRule ?? '')} runs sysctl when the module is loaded, and had no effect; see journalctl -u systemd-udevd`;
    case 'loaded after sysctl':
      return `the module is not loaded at boot, so sysctl may run before it is there; ${loaderRemedy(observation)}`;
    case 'no hashsize':
      return `each load of the module starts from its default; ${hashsizeRemedy(observation, Math.ceil(wanted.limit / LIMIT_PER_HASHSIZE))}`;
  }
}

function stoppedWords({ wanted, live }: Drift, { configuration }: Observation): string {
  const before = foreign(stoppedAfter(wanted, live, configuration));
  const path = foreign(wanted.path);
  return `${before} sets ${live}, and ${path} after it was not applied to its end: sysctl -p ${path} prints the line that fails`;
}

/** The file that sets the live limit. */
function stoppedAfter(wanted: WantedLimit, live: number, configuration: Configuration | undefined): string {
  return (configuration && appliedBefore(configuration, live, wanted)?.path) ?? '';
}

// A limit that is not what is configured, in words.

import type { Cause, Drift } from '../evaluate/drift.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Fault } from '../model/fault.ts';
import { GENERATIONS, type Generation, LIMIT_PER_HASHSIZE } from '../model/generation.ts';
import { faultWords } from './faults.ts';
import { foreign } from './words.ts';

/** `limit is 65536 but /etc/sysctl.conf sets 1000000`. */
export function driftWords({ live, wanted }: Drift): string {
  const { path, by, value, limit } = wanted;
  const sets = by === 'sysctl' ? `sets ${limit}` : `sets hashsize=${value}, for ${limit}`;
  return `limit is ${live} but ${foreign(path)} ${sets}`;
}

/** What line 1 says where a file could not be read that may set the limit; empty where all could. */
export function unjudgedWords(faults: readonly Fault[]): string {
  const [first, ...more] = faults;
  if (first === undefined) return '';
  return `configured limit not judged: ${faultWords(first)}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

/** What `-v` says: the comparison, and each likely cause with its remedy. */
export function driftDetails({ drift, causes, unjudged, observation }: Evaluation): readonly string[] {
  if (observation.tables[0].isInitial === undefined)
    return ['configured limit not judged: not known whether this is the initial network namespace'];
  if (drift === undefined) return unjudged.map((fault) => `configured limit not judged: ${faultWords(fault)}`);
  const { kind, wanted, live } = drift;
  const where = `${foreign(wanted.path)} (${foreign(wanted.key)}=${wanted.value})`;
  if (kind === 'same') return [`configured limit: ${wanted.limit}, ${where}`];
  if (kind === 'above')
    return [
      `configured limit: ${wanted.limit}, ${where}: a reboot loses the live ${live}, unless what set it does again`,
    ];
  const { generation } = observation.machine;
  return [
    `configured limit: ${wanted.limit}, ${where}`,
    ...causes.map((cause) => `likely cause: ${causeWords(cause, drift, generation)}`),
  ];
}

/** Why, as far as the machine shows it, and what helps. */
export function causeWords(cause: Cause, { wanted, live }: Drift, generation: Generation): string {
  const hashsize = Math.ceil(wanted.limit / LIMIT_PER_HASHSIZE);
  switch (cause) {
    case 'unknown key':
      return `this kernel has no ${foreign(wanted.key)}; use ${GENERATIONS[generation].limitKeys[0]}`;
    case 'not read at boot':
      return `systemd does not read ${foreign(wanted.path)} at boot here; ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf`;
    case 'iptables unloads':
      return 'service iptables restart unloads the module and with it the limit; set IPTABLES_MODULES_UNLOAD="no" in /etc/sysconfig/iptables-config, then sysctl -p';
    case 'kube-proxy':
      return 'kube-proxy sets it when it starts, 32768 for each CPU and no less than 131072; see its --conntrack-max-per-core and --conntrack-min';
    case 'set since':
      return `no load of the module gives ${live} with these buckets: sysctl -w, a script or another program has set it since`;
    case 'built in':
      return `conntrack is built into this kernel, modprobe options do nothing; put nf_conntrack.hashsize=${wanted.value} on its command line`;
    case 'loaded after sysctl':
      return 'the module is not loaded at boot, so sysctl may run before it is there; echo nf_conntrack >/etc/modules-load.d/nf_conntrack.conf';
    case 'no hashsize':
      return `each load of the module starts from its default; options ${generation} hashsize=${hashsize} in ${GENERATIONS[generation].modprobeFile}`;
  }
}

// The limits that a machine's files configure, and evidence of why they may not take effect.

import type { Fault } from './fault.ts';

/** A line of a sysctl.d(5) file that sets conntrack's limit. */
export interface SysctlLine {
  /** Path of the file on the observed machine. */
  readonly path: string;
  /** True if this machine reads it at boot. */
  readonly atBoot: boolean;
  /** As written in the file, with dots. */
  readonly key: string;
  /** The names of the limit that the key matches. */
  readonly names: readonly string[];
  /** True if the key matches them by a pattern such as `*`. */
  readonly isPattern: boolean;
  /** Undefined if the line only excludes these names from patterns. */
  readonly value: number | undefined;
}

/** A number of buckets that the module is loaded with. */
export interface HashsizeOption {
  readonly path: string;
  readonly module: string;
  /** As written in the file: `hashsize`, or `nf_conntrack.hashsize` on the kernel's command line. */
  readonly key: string;
  readonly value: number;
}

/** The machine's configuration, in the order in which it is applied. */
export interface Configuration {
  readonly sysctl: readonly SysctlLine[];
  readonly hashsizes: readonly HashsizeOption[];
  /** True if sysctl runs again each time the module is loaded. */
  readonly reapplied: boolean;
  /** ip_conntrack's names for the limit that an nf_conntrack kernel also has, with dots. */
  readonly aliases: readonly string[];
  /** Files that could not be read and may contain settings. */
  readonly faults: readonly Fault[];
}

/** How the machine applies its settings and loads its module; a field is undefined if that is unknown. */
export interface Evidence {
  /** IPTABLES_MODULES_UNLOAD of `/etc/sysconfig/iptables-config`: true if a restart of iptables unloads modules. */
  readonly iptablesUnloads: boolean | undefined;
  readonly builtIn: boolean | undefined;
  /** True if a file of modules-load.d(5) or `/etc/modules` names the module. */
  readonly loadedAtBoot: boolean;
  readonly systemd: boolean;
  /** True if a kubelet has its directory here: kube-proxy may then set the limit when it starts. */
  readonly kubernetes: boolean;
  /** CPUs online. */
  readonly cpus: number | undefined;
}

// What a machine's files want of connection tracking, and what tells why they may not get it.

import type { Fault } from './fault.ts';

/** A line of a sysctl.d(5) file that is about conntrack's limit. */
export interface SysctlLine {
  /** The file, under its name on the machine that is looked at. */
  readonly path: string;
  /** Whether this machine reads it at boot. */
  readonly atBoot: boolean;
  /** As it is written there, with dots. */
  readonly key: string;
  /** The names of the limit that it stands for. */
  readonly names: readonly string[];
  /** Whether it stands for them by `*` and the like. */
  readonly isPattern: boolean;
  /** Undefined where it only keeps patterns from these names. */
  readonly value: number | undefined;
}

/** A number of buckets that the module is loaded with. */
export interface HashsizeOption {
  readonly path: string;
  readonly module: string;
  /** As it is written there: `hashsize`, or on the kernel's command line `nf_conntrack.hashsize`. */
  readonly key: string;
  readonly value: number;
}

/** What the machine is configured to, in the order in which it is applied. */
export interface Configuration {
  readonly sysctl: readonly SysctlLine[];
  readonly hashsizes: readonly HashsizeOption[];
  /** Whether sysctl is run again whenever the module is loaded. */
  readonly reapplied: boolean;
  /** Names of ip_conntrack for the limit that a nf_conntrack kernel has as well, with dots. */
  readonly aliases: readonly string[];
  /** What could not be read, and may say anything. */
  readonly faults: readonly Fault[];
}

/** How the machine gets its settings and its module; undefined where it cannot be told. */
export interface Evidence {
  /** IPTABLES_MODULES_UNLOAD of `/etc/sysconfig/iptables-config`: whether a restart of iptables unloads modules. */
  readonly iptablesUnloads: boolean | undefined;
  readonly builtIn: boolean | undefined;
  /** Whether a file of modules-load.d(5), or `/etc/modules`, names the module. */
  readonly loadedAtBoot: boolean;
  readonly systemd: boolean;
  /** Whether a kubelet has its folder here: then kube-proxy may set the limit when it starts. */
  readonly kubernetes: boolean;
  /** That are online. */
  readonly cpus: number | undefined;
}

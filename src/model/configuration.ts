// The limits that a machine's files configure, and evidence of why they may not take effect.

import type { Fault } from './fault.ts';

/** A line of a sysctl.d(5) file that sets conntrack's limit. */
export interface SysctlLine {
  /** Path of the file on the observed machine. */
  readonly path: string;
  /** True if this machine reads it at boot. */
  readonly atBoot: boolean;
  /** The key as written in the file, with dots. */
  readonly key: string;
  /** The names of the limit that the key matches. */
  readonly names: readonly string[];
  /** True if the key matches them by a pattern such as `*`. */
  readonly isPattern: boolean;
  /** Undefined where it only keeps patterns from these names, and where the kernel refuses it. */
  readonly value: number | undefined;
  /** Why the kernel refuses the value. */
  readonly refused?: RefusedValue;
}

/** Why the kernel refuses a value; never the value. */
export interface RefusedValue {
  readonly kind: 'not a number' | 'too large';
  /** Its length in bytes. */
  readonly bytes: number;
}

/** A number of buckets that the module is loaded with. */
export interface HashsizeOption {
  readonly path: string;
  readonly module: string;
  /** The name as written in the file: `hashsize`, or `nf_conntrack.hashsize` on the kernel's command line. */
  readonly key: string;
  readonly value: number;
}

/** An option of the module that the kernel does not take. */
export interface RefusedOption {
  readonly path: string;
  readonly module: string;
  readonly key: string;
  /** Undefined if the module has no such option. */
  readonly refused: RefusedValue | undefined;
}

/** The program that reads sysctl.d(5) at boot. */
export type SysctlReader = 'systemd' | 'procps' | 'busybox';

/** The machine's configuration, in the order in which it is applied. */
export interface Configuration {
  readonly sysctl: readonly SysctlLine[];
  readonly reader: SysctlReader;
  /** Set by commands: at each load of the module by `install` lines of modprobe.d(5), and at boot by rc.local. */
  readonly scripts: readonly SysctlLine[];
  /** Set by a service that starts after sysctl: ufw, VyOS, TuneD, pve-firewall. */
  readonly services: readonly SysctlLine[];
  readonly hashsizes: readonly HashsizeOption[];
  readonly refusedOptions: readonly RefusedOption[];
  /** True if sysctl runs again each time the module is loaded. */
  readonly reapplied: boolean;
  /** ip_conntrack's names for the limit that an nf_conntrack kernel also has, with dots. */
  readonly aliases: readonly string[];
  /** True if the two names of the limit are two limits: OpenVZ has one for the machine and one per container. */
  readonly hasTwoLimits: boolean;
  /** Files that could not be read and may contain settings. */
  readonly faults: readonly Fault[];
}

/** The system that applies a machine's settings at boot. */
export type MachineKind =
  | 'openwrt'
  | 'vyos'
  | 'talos'
  | 'proxmox'
  | 'systemd'
  | 'openrc'
  | 'red hat without systemd'
  | 'other';

/** Places that a captured tree may lack: then it is unknown what they say. */
export type EvidencePlace =
  | 'init system'
  | 'module options'
  | 'modules loaded at boot'
  | 'udev rules'
  | 'iptables service'
  | 'kubelet'
  | 'CPUs';

/** How the machine applies its settings and loads its module; a field is undefined if that is unknown. */
export interface Evidence {
  readonly kind: MachineKind;
  /** The file or folder that shows it. */
  readonly mark: string | undefined;
  /** True if a restart of iptables unloads modules and does not set sysctls again: `/etc/sysconfig/iptables-config`. */
  readonly iptablesUnloads: boolean | undefined;
  readonly builtIn: boolean | undefined;
  /** The list of modules that shows it. */
  readonly modulesFile: string | undefined;
  /** The line that loads the module at boot, itself or by one that needs it. */
  readonly loader: { readonly path: string; readonly module: string } | undefined;
  /** The file with a udev rule that runs sysctl when the module is loaded. */
  readonly udevRule: string | undefined;
  /** The folder of a kubelet: then kube-proxy may set the limit when it starts. */
  readonly kubelet: string | undefined;
  /** The file that has kube-proxy's flags, on k3s and RKE2. */
  readonly kubeProxyFile: string | undefined;
  /** That are online. */
  readonly cpus: number | undefined;
  readonly unseen: readonly EvidencePlace[];
}

// The plain data that flows from acquire to evaluate to present. No logic lives here.

/** Why something could not be had. Content faults carry the size of what was there, never the text. */
export type FaultKind =
  | 'missing'
  | 'denied'
  | 'not-regular'
  | 'not-directory'
  | 'outside-root'
  | 'too-large'
  | 'io'
  | 'timeout'
  | 'empty'
  | 'not-a-number'
  | 'negative'
  | 'zero'
  | 'absurd'
  | 'malformed'
  | 'tool-missing'
  | 'tool-failed'
  | 'enter-failed'
  | 'would-load-module'
  | 'other-namespace'
  | 'not-asked'
  | 'not-written'
  | 'foreign'
  | 'others-write'
  | 'symlink';

export interface Fault {
  readonly kind: FaultKind;
  /** The file or command, as a person would type it. */
  readonly source: string;
  /** Kind-specific: a size in bytes, an errno name or an exit status. */
  readonly detail?: string;
}

/** A figure and where it came from, or why there is none. Absent and broken are both values. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T; readonly source: string }
  | { readonly ok: false; readonly fault: Fault };

export type Generation = 'nf_conntrack' | 'ip_conntrack';

/** Whose table is looked at: our own, the host's through a live `--root`, or a captured tree's. */
export type View = 'own' | 'host' | 'captured';

/** The loss counters, under the kernel's names (`/proc/net/stat/nf_conntrack`). */
export const COUNTERS = ['drop', 'early_drop', 'insert_failed', 'chainlength'] as const;
export type CounterName = (typeof COUNTERS)[number];

/** One CPU's counters, unsigned 32-bit; a counter this kernel lacks has no key. */
export type CpuCounters = Readonly<Partial<Record<CounterName, number>>>;

export interface Statistics {
  /** The namespace's entries, where the source tells (`conntrack -S` does not). */
  readonly entries?: number;
  /** One element for each possible CPU, in the source's order. */
  readonly cpus: readonly CpuCounters[];
}

/** One look at a table, to compare later ones with. */
export interface Sample {
  /** Seconds since boot, by the clock of the machine looked at. */
  readonly uptime: number;
  readonly entries: number;
  readonly cpus: readonly CpuCounters[];
}

/** Why nothing is remembered of a table. */
export type NoPast = 'first run' | 'the machine was rebooted' | 'the network namespace is new';

/** What is remembered of a table when it was looked at again. */
export interface History {
  readonly now: Sample;
  /** Earlier samples of the same boot, in the order of time. */
  readonly past: readonly Sample[] | NoPast;
  /** Seconds that rates look back over. */
  readonly window: number;
}

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
  /** What could not be read, and may say anything. */
  readonly faults: readonly Fault[];
}

/** What tells why a limit is not what is configured; undefined where it cannot be told. */
export interface Evidence {
  /** IPTABLES_MODULES_UNLOAD of `/etc/sysconfig/iptables-config`: whether a restart of iptables unloads modules. */
  readonly iptablesUnloads: boolean | undefined;
  readonly builtIn: boolean | undefined;
  /** Whether a file of modules-load.d(5), or `/etc/modules`, names the module. */
  readonly loadedAtBoot: boolean;
}

/** Memory that could be given to something new, in bytes. */
export interface Available {
  readonly bytes: number;
  /** Whether it is the kernel's own figure (3.14 and later), or free memory and caches. */
  readonly exact: boolean;
}

/** What setting a limit depends on, beside the table itself. */
export interface Surroundings {
  /** The limit of expectations; ip_conntrack has none. */
  readonly expectMax: Reading<number>;
  readonly available: Reading<Available>;
  readonly configuration: Configuration;
  readonly evidence: Evidence;
  readonly systemd: boolean;
}

/** One row of `/proc/slabinfo`; sizes in bytes, a slab in pages. */
export interface SlabCache {
  readonly name: string;
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly pagesPerSlab: number;
}

/** Major and minor of `6.18.44-generic`; 2.6 kernels are not told apart further. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** The switches that make the kernel allocate an extension block for each entry. */
export interface ExtensionSettings {
  readonly acct: Reading<number>;
  readonly timestamp: Reading<number>;
  readonly events: Reading<number>;
  /** Whether anything listens for conntrack events in this namespace. */
  readonly listener: Reading<boolean>;
}

/** What was read of one connection-tracking table. Counts are entries, sizes are bytes. */
export interface Facts {
  readonly view: View;
  readonly generation: Generation;
  readonly initialNamespace: boolean;
  readonly count: number;
  readonly countSource: string;
  /** 0 means that the kernel applies no limit. */
  readonly max: number;
  readonly maxSource: string;
  readonly buckets: Reading<number>;
  readonly statistics: Reading<Statistics>;
  readonly release: Reading<KernelVersion>;
  readonly pageSize: Reading<number>;
  readonly slabCache: Reading<SlabCache>;
  readonly extensions: ExtensionSettings;
  readonly memTotal: Reading<number>;
}

/** What a process says of the container that it is in. */
export interface Container {
  readonly kind: 'pod' | 'container';
  readonly id: string;
}

/** Whom to look for, to know what a namespace is. */
export interface Identity {
  /** The eldest process in it; undefined where only a mount keeps it, or where all processes have just gone. */
  readonly process: { readonly pid: number; readonly command: string } | undefined;
  readonly container: Container | undefined;
}

/** A mount of nsfs that keeps a network namespace. */
export interface NamespaceMount {
  /** N of `net:[N]`, which the kernel's log has too. */
  readonly number: number;
  /** Where it is mounted, on the machine looked at. */
  readonly path: string;
}

/** The table of one network namespace of the machine. */
export interface NamespaceTable {
  /** The same for the same namespace in each run of one boot; the kernel may give it to another one later. */
  readonly key: string;
  /** Processes in it, ascending; none where only a mount keeps it. */
  readonly pids: readonly number[];
  /** N of `net:[N]`, where we may know it. */
  readonly number: number | undefined;
  readonly mount: NamespaceMount | undefined;
  readonly entries: Reading<number>;
  readonly statistics: Reading<Statistics>;
}

/** All network namespaces that could be found, but the one whose table the facts are of. */
export interface Sweep {
  readonly others: readonly NamespaceTable[];
  readonly sight: Sight;
}

/** Whether what was found is all that there is. */
export interface Sight {
  /** `own`: other users' processes are hidden from us; `container`: so is what is outside of it; `tree`: no processes. */
  readonly processes: 'all' | 'own' | 'container' | 'tree';
  /** Why they are hidden, as mount(8) spells the option of /proc. */
  readonly hidepid: string | undefined;
  /** Whether /proc may be listed. */
  readonly listed: boolean;
  /** Namespaces that a mount keeps, and that we may not enter or cannot tell from those that were found. */
  readonly mounts: number;
  /** Whether we may know what is mounted. */
  readonly mountsKnown: boolean;
  /** How many namespaces there must be, with ours. */
  readonly atLeast: number;
}

/** One direction of a flow. Addresses are 32-bit words in network order: one of IPv4, four of IPv6. */
export interface Tuple {
  ipv6: boolean;
  readonly source: Int32Array;
  readonly destination: Int32Array;
  /** -1 where the protocol has no ports. */
  sourcePort: number;
  destinationPort: number;
}

/** One entry of a table's list. A list can have a million, so the reader fills the same object again for each. */
export interface Entry {
  /** IANA's number. */
  protocol: number;
  /** The place in STATES of what the protocol calls its state; 0 for none, or for one that is not known. */
  state: number;
  /** How long it would still live; -1 where it is offloaded, and its time not told. */
  seconds: number;
  unreplied: boolean;
  assured: boolean;
  offloaded: boolean;
  readonly original: Tuple;
  readonly reply: Tuple;
}

/** Connection states as the kernel prints them: TCP's, SCTP's and DCCP's (net/netfilter/nf_conntrack_proto_*.c). */
export const STATES = [
  '',
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
  'LISTEN',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
  'HEARTBEAT_ACKED',
  'REQUEST',
  'RESPOND',
  'PARTOPEN',
  'OPEN',
  'CLOSEREQ',
  'CLOSING',
  'TIMEWAIT',
] as const;

/** What the kernel's log says of tables that were full. The kernel writes at most ten such lines in five seconds. */
export interface FullLog {
  readonly lines: number;
  /** Local time of the first and of the last of them, `2026-11-23 03:01:44`; absent where there are none. */
  readonly first?: string;
  readonly last?: string;
  /** Seconds since the last one. */
  readonly ago?: number;
  /** The namespaces that were named, as in `net:[N]`, that of the last line first. */
  readonly namespaces: readonly number[];
}

/** One attempt to read a file, for `-vv` and `-vvv`. */
export interface ReadAttempt {
  readonly source: string;
  readonly bytes: number;
  readonly fault?: Fault;
  readonly milliseconds: number;
}

export type Acquired =
  | { readonly kind: 'absent' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'table'; readonly facts: Facts };

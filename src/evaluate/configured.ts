// The limit that the machine's files set: sysctl.d(5), sysctl.conf(5) and services after them, else hashsize in
// modprobe.d(5) or on the kernel command line, which sets the limit to 8 x hashsize whenever the module is loaded.

import type { Configuration, RefusedValue, SysctlLine, SysctlReader } from '../model/configuration.ts';
import { GENERATIONS } from '../model/generation.ts';
import type { Observation } from '../model/observation.ts';
import { limitsOfHashsize } from './module-load.ts';

/** A configured limit and its place. */
export interface WantedLimit {
  readonly limit: number;
  readonly path: string;
  /** The kind of setting. */
  readonly by: 'sysctl' | 'hashsize';
  /** The name of the sysctl as in the file, with dots; or of the hashsize option. */
  readonly key: string;
  readonly value: number;
  readonly atBoot: boolean;
  /** True if this kernel has a sysctl of that name. */
  readonly known: boolean;
}

/** The machine and its tables, our own first. */
type Seen = Pick<Observation, 'machine' | 'tables'>;

/**
 * Precedence, lowest first: hashsize, file, script, service. A setting that is read at boot and known to this kernel wins over
 * one that is not.
 */
export function wantedLimit(configuration: Configuration, seen: Seen): WantedLimit | undefined {
  const keys = limitKeys(configuration, seen);
  const inForce = (lines: readonly SysctlLine[]) => {
    const line = lastApplied(lines, keys, configuration.reader);
    return line === undefined ? undefined : wishOf(line, keys);
  };
  const [own] = seen.tables;
  const script = inForce(configuration.scripts);
  const wanted =
    inForce(configuration.services) ??
    // A script may not run, or not run last: the live limit shows it.
    (script?.limit === own.limit ? script : undefined) ??
    wantedByFiles(configuration, keys, inForce) ??
    script ??
    lastHashsize(configuration, seen);
  // 0 means no limit.
  return wanted?.limit === 0 ? undefined : wanted;
}

function limitKeys({ aliases, hasTwoLimits }: Configuration, { machine }: Seen): readonly string[] {
  const [first, second] = GENERATIONS[machine.generation].limitKeys;
  return hasTwoLimits ? [first] : [first, second, ...aliases];
}

function wantedByFiles(
  { sysctl, reader, hasTwoLimits }: Configuration,
  keys: readonly string[],
  inForce: (lines: readonly SysctlLine[]) => WantedLimit | undefined,
): WantedLimit | undefined {
  const known = inForce(sysctl.filter(({ atBoot }) => atBoot)) ?? inForce(sysctl);
  if (known !== undefined || hasTwoLimits) return known;
  const names = sysctl.flatMap((line) => line.names);
  const line = names.some((name) => keys.includes(name)) ? undefined : lastApplied(sysctl, names, reader);
  return line && wishOf(line, keys);
}

function wishOf({ path, key, names, value = 0, atBoot }: SysctlLine, keys: readonly string[]): WantedLimit {
  const known = names.some((name) => keys.includes(name));
  return { limit: value, path, by: 'sysctl', key, value, atBoot, known };
}

/** Returns the last line that sets one of these names, in the order of the program that reads the files. */
function lastApplied(
  lines: readonly SysctlLine[],
  names: readonly string[],
  reader: SysctlReader,
): SysctlLine | undefined {
  const applied = APPLIED[reader](lines, names);
  const explicit = lines.filter(({ isPattern }) => !isPattern).map(({ key }) => key);
  const setsLimit = (line: SysctlLine) =>
    line.value !== undefined &&
    line.names.some((name) => names.includes(name) && !(line.isPattern && explicit.includes(name)));
  return applied.filter(setsLimit).pop();
}

const APPLIED = {
  systemd: assignments,
  procps: (lines) => lines,
  busybox: untilRefused,
} as const satisfies Record<
  SysctlReader,
  (lines: readonly SysctlLine[], names: readonly string[]) => readonly SysctlLine[]
>;

/** busybox stops reading a file at the first value that the kernel refuses. */
function untilRefused(lines: readonly SysctlLine[], names: readonly string[]): readonly SysctlLine[] {
  let left: string | undefined;
  return lines.filter((line) => {
    if (line.path === left) return false;
    left = line.refused !== undefined && line.names.some((name) => names.includes(name)) ? line.path : undefined;
    return left === undefined;
  });
}

// systemd keeps one assignment of each key, at the place of the last one that changed it; if it
// cannot write that one, it does not fall back to an earlier one.
function assignments(lines: readonly SysctlLine[]): readonly SysctlLine[] {
  const kept = new Map<string, SysctlLine>();
  for (const line of lines) {
    if (isSameAssignment(kept.get(line.key), line)) continue;
    kept.delete(line.key);
    kept.set(line.key, line);
  }
  return Array.from(kept.values());
}

function isSameAssignment(before: SysctlLine | undefined, { value, refused }: SysctlLine): boolean {
  return before !== undefined && before.value === value && before.refused?.bytes === refused?.bytes;
}

/** A setting without effect, and why. */
export interface Ineffective {
  readonly path: string;
  readonly key: string;
  /** The module that has no such option. */
  readonly module: string | undefined;
  readonly refused: RefusedValue | undefined;
}

/** Lines that seem to set the limit but are refused by the kernel. */
export function ineffective({ sysctl, scripts, services, refusedOptions }: Configuration): readonly Ineffective[] {
  const lines = [...sysctl, ...scripts, ...services].filter(
    ({ refused, isPattern }) => refused !== undefined && !isPattern,
  );
  return [...lines.map(({ path, key, refused }) => ({ path, key, module: undefined, refused })), ...refusedOptions];
}

/** Returns the line that set the live limit, if a later one that differs was not applied. */
export function appliedBefore({ sysctl }: Configuration, live: number, wanted: WantedLimit): SysctlLine | undefined {
  const isWanted = ({ path, key, value }: SysctlLine) =>
    path === wanted.path && key === wanted.key && value === wanted.value;
  const before = sysctl.slice(0, sysctl.findIndex(isWanted) + 1);
  return before.filter(({ value, atBoot }) => value === live && atBoot).pop();
}

// If it is unknown how this kernel rounds, the live limit shows it.
function lastHashsize({ hashsizes }: Configuration, { machine, tables: [own] }: Seen): WantedLimit | undefined {
  const [last] = hashsizes.filter(({ module }) => module === machine.generation).slice(-1);
  if (last === undefined) return undefined;
  const { path, key, value } = last;
  const limits = limitsOfHashsize(machine, value);
  const limit = limits.includes(own.limit) ? own.limit : Math.min(...limits);
  return { limit, path, by: 'hashsize', key, value, atBoot: true, known: true };
}

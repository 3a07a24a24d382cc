// The limit that the machine's files want: sysctl.d(5) and sysctl.conf(5), else hashsize of modprobe.d(5) or the
// kernel's command line, which makes the limit 8 x hashsize whenever the module is loaded.

import type { Configuration, SysctlLine } from '../model/configuration.ts';
import { GENERATIONS } from '../model/generation.ts';
import type { Observation } from '../model/observation.ts';
import { limitsOfHashsize } from './module-load.ts';

/** One wish, and where it is written. */
export interface WantedLimit {
  readonly limit: number;
  readonly path: string;
  /** What is set there: a sysctl, or hashsize. */
  readonly by: 'sysctl' | 'hashsize';
  /** The sysctl as it is written there, with dots; or the hashsize. */
  readonly key: string;
  readonly value: number;
  readonly atBoot: boolean;
  /** Whether this kernel knows the sysctl by that name. */
  readonly known: boolean;
}

/** The machine, and its own table first. */
type Seen = Pick<Observation, 'machine' | 'tables'>;

/** What decides: a sysctl beats hashsize; what is read at boot, and known to this kernel, beats what is not. */
export function wantedLimit(configuration: Configuration, seen: Seen): WantedLimit | undefined {
  const keys: readonly string[] = [...GENERATIONS[seen.machine.generation].limitKeys, ...configuration.aliases];
  const sysctls = assignments(configuration.sysctl).map((line) => sysctlWish(line, keys));
  const effective = sysctls.filter(({ atBoot, known }) => atBoot && known);
  const known = sysctls.filter((wanted) => wanted.known);
  const decisive = [effective, known, sysctls].find((lines) => lines.length > 0) ?? [];
  const wanted = lastExplicit(decisive) ?? lastHashsize(configuration, seen);
  // 0 is for no limit at all.
  return wanted?.limit === 0 ? undefined : wanted;
}

/** The lines that set something; a name that stands alone behind a `-` is none that a pattern is for. */
function assignments(lines: readonly SysctlLine[]): readonly SysctlLine[] {
  const kept = lines.filter(({ value }) => value === undefined).flatMap(({ names }) => names);
  return lines.flatMap((line) => {
    const names = line.isPattern ? line.names.filter((name) => !kept.includes(name)) : line.names;
    return line.value === undefined || names.length === 0 ? [] : [{ ...line, names }];
  });
}

interface Wish extends WantedLimit {
  readonly isPattern: boolean;
}

function sysctlWish({ path, key, names, isPattern, value = 0, atBoot }: SysctlLine, keys: readonly string[]): Wish {
  const known = names.some((name) => keys.includes(name));
  return { limit: value, path, by: 'sysctl', key, value, atBoot, known, isPattern };
}

// A line that names the key beats one that matches it, wherever they stand; among equals the last one counts.
function lastExplicit(lines: readonly Wish[]): WantedLimit | undefined {
  const explicit = lines.filter(({ isPattern }) => !isPattern);
  return (explicit.length > 0 ? explicit : lines).slice(-1)[0];
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

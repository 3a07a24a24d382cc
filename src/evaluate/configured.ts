// The limit that the machine's files want: sysctl.d(5) and sysctl.conf(5), else hashsize of modprobe.d(5) or the
// kernel's command line, which makes the limit 8 x hashsize whenever the module is loaded.

import type { Configuration, ConfigurationFile, Generation } from '../facts.ts';

/** One wish, and where it is written. */
export interface Wanted {
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

const NAMES: Readonly<Record<Generation, readonly string[]>> = {
  nf_conntrack: ['net.netfilter.nf_conntrack_max', 'net.nf_conntrack_max'],
  ip_conntrack: ['net.ipv4.netfilter.ip_conntrack_max', 'net.ipv4.ip_conntrack_max'],
};
const ALL_NAMES = [...NAMES.nf_conntrack, ...NAMES.ip_conntrack];
const LIMIT_PER_BUCKET = 8;

/** What decides: a sysctl beats hashsize; what is read at boot, and known to this kernel, beats what is not. */
export function wantedLimit(configuration: Configuration, generation: Generation): Wanted | undefined {
  const sysctls = configuration.sysctl.flatMap((file) => sysctlLines(file, generation));
  const effective = sysctls.filter(({ atBoot, known }) => atBoot && known);
  const known = sysctls.filter((wanted) => wanted.known);
  const decisive = [effective, known, sysctls].find((lines) => lines.length > 0) ?? [];
  return lastExplicit(decisive) ?? lastHashsize(configuration, generation);
}

interface Line extends Wanted {
  readonly pattern: boolean;
}

// A line that names the key beats one that matches it, wherever they stand; among equals the last one counts.
function lastExplicit(lines: readonly Line[]): Wanted | undefined {
  const explicit = lines.filter(({ pattern }) => !pattern);
  return (explicit.length > 0 ? explicit : lines).slice(-1)[0];
}

function sysctlLines({ path, text, atBoot }: ConfigurationFile, generation: Generation): readonly Line[] {
  return text.split('\n').flatMap((line) => {
    const [, written = '', digits = ''] = /^\s*-?\s*([^\s=#;][^\s=]*)\s*=\s*(\d{1,10})\s*$/.exec(line) ?? [];
    const key = written.replace(/\//g, '.');
    const names = ALL_NAMES.filter((name) => matches(key, name));
    const limit = Number(digits);
    if (names.length === 0 || limit === 0) return [];
    const known = names.some((name) => NAMES[generation].includes(name));
    return [{ limit, path, by: 'sysctl', key, value: limit, atBoot, known, pattern: !ALL_NAMES.includes(key) }];
  });
}

// The patterns of glob(7) between the dots.
function matches(key: string, name: string): boolean {
  if (!/[*?[]/.test(key)) return key === name;
  const source = key
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '[^.]*')
    .replace(/\?/g, '[^.]')
    .replace(/\[!/g, '[^');
  try {
    return new RegExp(`^${source}$`).test(name);
  } catch {
    return false;
  }
}

function lastHashsize({ modprobe, commandLine }: Configuration, generation: Generation): Wanted | undefined {
  const options = modprobe.flatMap((file) =>
    hashsizes(file, new RegExp(`^\\s*options\\s+${generation}\\s(.*)$`, 'gm'), 'hashsize'),
  );
  const boot = commandLine.flatMap((file) => hashsizes(file, /(.*)/g, `${generation}.hashsize`));
  return [...options, ...boot].slice(-1)[0];
}

function hashsizes({ path, text, atBoot }: ConfigurationFile, lines: RegExp, key: string): readonly Wanted[] {
  const joined = text.replace(/\\\n/g, ' ').replace(/-(?=conntrack)/g, '_');
  return Array.from(joined.matchAll(lines), ([, options = '']) => options).flatMap((options) => {
    const escaped = key.replace('.', '\\.');
    const values = Array.from(
      options.matchAll(new RegExp(`(?:^|\\s)${escaped}=(0x[0-9a-fA-F]{1,8}|\\d{1,10})(?=\\s|$)`, 'g')),
    );
    const value = Number(values.slice(-1)[0]?.[1] ?? 0);
    if (value === 0) return [];
    return [{ limit: LIMIT_PER_BUCKET * value, path, by: 'hashsize', key, value, atBoot, known: true }];
  });
}

// The sysctls of connection tracking in a network namespace. /proc/sys/net always shows the reader's own namespace; a
// process inside another one can read that one's.

import type { Reading } from '../../model/fault.ts';
import { GENERATIONS, type Generation } from '../../model/generation.ts';
import type { Namespace } from '../../model/table.ts';
import { parseWholeNumber, readNumber } from '../number.ts';
import type { Root } from '../root.ts';
import { runTool } from '../run-tool.ts';
import { TOOLS } from '../tools.ts';
import { enterOf, oncePerNamespace } from './nsenter.ts';

/**
 * Returns the settings that advice may change, timeouts and tcp_loose, by name without the generation's prefix.
 * Unreadable ones are left out.
 */
export function readTunables(root: Root, generation: Generation, namespace: Namespace): ReadonlyMap<string, number> {
  return readSysctls(root, generation, namespace, (name) => name.includes('timeout') || name === 'tcp_loose');
}

/** Returns the values of the wanted settings, by name without the generation's prefix; empty if they cannot be read. */
export function readSysctls(
  root: Root,
  generation: Generation,
  namespace: Namespace,
  wanted: (name: string) => boolean,
): ReadonlyMap<string, number> {
  const readings = readSettings(root, generation, namespace, wanted);
  if (!readings.ok) return new Map();
  return new Map(
    Array.from(readings.value).flatMap(([name, figure]) => (figure.ok ? [[name, figure.value] as const] : [])),
  );
}

/** The same with a fault per unreadable setting; a fault if no setting can be read. */
export function readSettings(
  root: Root,
  generation: Generation,
  namespace: Namespace,
  wanted: (name: string) => boolean,
): Reading<ReadonlyMap<string, Reading<number>>> {
  const enter = enterOf(root, namespace);
  if ('kind' in enter) return { ok: false, fault: enter };
  const printed = enter.length === 0 ? NOT_PRINTED : printedInside(root, namespace);
  if (!printed.ok) return printed;
  const paths = pathsOf(root, generation).filter((path) => wanted(settingOf(path)));
  const read = (path: string) =>
    enter.length === 0 ? readNumber(root, path) : sysctlNumber(path, printed.value.get(path));
  const { source } = printed;
  return { ok: true, value: new Map(paths.map((path) => [settingOf(path), read(path)])), source };
}

const NOT_PRINTED = { ok: true, value: new Map<string, string>(), source: '/proc/sys' } as const;

/** Our own namespace's paths: every namespace has the same ones. */
function pathsOf(root: Root, generation: Generation): readonly string[] {
  const { directory } = GENERATIONS[generation];
  const names = root.list(directory);
  if ('kind' in names) return [];
  const ours = names.filter((name) => name.startsWith(`${generation}_`)).sort();
  return ours.map((name) => `${directory}/${name}`);
}

/** Returns `udp_timeout` for `/proc/sys/net/netfilter/nf_conntrack_udp_timeout`. */
function settingOf(path: string): string {
  return path.replace(/^.*_conntrack_/, '');
}

// Reads all of them in one run. grep fails if a file is missing, but prints the others: `path:number`, one per line.
const printedInside = oncePerNamespace((root, namespace): Reading<ReadonlyMap<string, string>> => {
  const enter = enterOf(root, namespace);
  if ('kind' in enter) return { ok: false, fault: enter };
  const source = `nsenter ${enter.slice(1).join(' ')}`;
  // Kernels with ip_conntrack have no other namespace.
  const args = pathsOf(root, 'nf_conntrack');
  if (args.length === 0) return { ok: false, fault: { kind: 'missing', source } };
  return runTool(root, { tool: TOOLS.settings, source, enter, args }, ({ stdout }) => {
    if (stdout === '') return { ok: false, fault: { kind: 'io', source, detail: 'no output' } };
    const lines = stdout.matchAll(/^(.*):(.*\n)/gm);
    return { ok: true, value: new Map(Array.from(lines, ([, path = '', text = '']) => [path, text])), source };
  });
});

function sysctlNumber(source: string, text: string | undefined): Reading<number> {
  if (text === undefined) return { ok: false, fault: { kind: 'missing', source } };
  const parsed = parseWholeNumber(text);
  return parsed.ok ? { ok: true, value: parsed.value, source } : { ok: false, fault: { kind: parsed.kind, source } };
}

// The sysctls of connection tracking in force in a network namespace. Under /proc/sys/net are always the reader's own; of
// another namespace they can be read by a process inside of it, for which nsenter(1) needs root.

import { self } from '#system/self';
import type { Reading } from '../observation/fault.ts';
import { GENERATIONS, type Generation } from '../observation/generation.ts';
import type { Namespace } from '../observation/table.ts';
import { runTool } from './child.ts';
import { exists } from './file.ts';
import { enterLine } from './inside.ts';
import { netDirectory } from './namespace.ts';
import { readNumber } from './number.ts';
import type { Root } from './root.ts';

const PRINTERS = ['/bin/grep', '/usr/bin/grep'] as const;

/** Figures by name without the generation's prefix, of the names that are wanted; empty where they cannot be had. */
export function readSysctls(
  root: Root,
  generation: Generation,
  table: Namespace,
  wanted: (name: string) => boolean,
): ReadonlyMap<string, number> {
  const { directory } = GENERATIONS[generation];
  const listed = root.list(directory);
  const names = 'kind' in listed ? [] : listed.filter((name) => name.startsWith(generation) && wanted(name));
  const place = placeOf(root, table);
  if (place === undefined) return ownSysctls(root, directory, generation, names);
  const paths = names.map((name) => `${directory}/${name}`);
  return place === '' ? new Map() : sysctlsInside(root, place, paths);
}

/** What stands for the namespace; undefined where its sysctls are those that we see, empty where nothing does. */
export function placeOf(root: Root, { isOwn, pids, mount }: Namespace): string | undefined {
  if (!isOwn) return pids[0] === undefined ? (mount?.path ?? '') : `/proc/${pids[0]}/ns/net`;
  const net = netDirectory(root);
  return !('fault' in net) && net.sysctlsAgree ? undefined : '/proc/1/ns/net';
}

function ownSysctls(root: Root, directory: string, generation: Generation, names: readonly string[]) {
  return new Map(
    names.flatMap((name) => {
      const figure = readNumber(root, `${directory}/${name}`);
      return figure.ok ? [[name.slice(generation.length + 1), figure.value] as const] : [];
    }),
  );
}

// grep prints `path:value`, and goes on where a file is missing.
function sysctlsInside(root: Root, place: string, paths: readonly string[]): ReadonlyMap<string, number> {
  const enter = enterLine(root.locate(place));
  const printer = PRINTERS.find((file) => exists(file));
  if (self.effectiveUser() !== 0 || enter === undefined || printer === undefined || paths.length === 0)
    return new Map();
  const source = `nsenter --net=${root.locate(place)}`;
  const printed = runTool(root, source, [[...enter, printer, '-s', '', ...paths]], ({ stdout }): Reading<string> => {
    return { ok: true, value: stdout, source };
  });
  return printed.ok ? parseSysctls(printed.value) : new Map();
}

/** Lines of `/proc/sys/net/netfilter/nf_conntrack_udp_timeout:30`, by what is behind `_conntrack_`. */
export function parseSysctls(text: string): ReadonlyMap<string, number> {
  const lines = text.matchAll(/_conntrack_(\w+):(\d{1,9})$/gm);
  return new Map(Array.from(lines, ([, name = '', digits]) => [name, Number(digits)] as const));
}

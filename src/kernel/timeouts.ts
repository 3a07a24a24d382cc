// The timeouts in force in a network namespace: the sysctls `nf_conntrack_*_timeout*`, each namespace's own.

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

/** Seconds by name without the generation's prefix; empty where they cannot be had. */
export function readTimeouts(root: Root, generation: Generation, table: Namespace): ReadonlyMap<string, number> {
  const { directory } = GENERATIONS[generation];
  const names = timeoutNames(root, directory, generation);
  const net = netDirectory(root);
  if (table.isOwn && !('fault' in net) && net.sysctlsAgree) return ownTimeouts(root, directory, generation, names);
  const place = table.isOwn ? '/proc/1/ns/net' : placeOf(table);
  return place === undefined
    ? new Map()
    : timeoutsInside(
        root,
        place,
        names.map((name) => `${directory}/${name}`),
      );
}

function timeoutNames(root: Root, directory: string, generation: Generation): readonly string[] {
  const names = root.list(directory);
  return 'kind' in names ? [] : names.filter((name) => name.startsWith(generation) && name.includes('timeout'));
}

function ownTimeouts(root: Root, directory: string, generation: Generation, names: readonly string[]) {
  return new Map(
    names.flatMap((name) => {
      const seconds = readNumber(root, `${directory}/${name}`);
      return seconds.ok ? [[name.slice(generation.length + 1), seconds.value] as const] : [];
    }),
  );
}

function placeOf({ pids, mount }: Namespace): string | undefined {
  return pids[0] === undefined ? mount?.path : `/proc/${pids[0]}/ns/net`;
}

// grep prints `path:value`, and goes on where a file is missing.
function timeoutsInside(root: Root, place: string, paths: readonly string[]): ReadonlyMap<string, number> {
  const enter = enterLine(root.locate(place));
  const printer = PRINTERS.find((file) => exists(file));
  if (self.effectiveUser() !== 0 || enter === undefined || printer === undefined || paths.length === 0)
    return new Map();
  const source = `nsenter --net=${root.locate(place)}`;
  const printed = runTool(root, source, [[...enter, printer, '-s', '', ...paths]], ({ stdout }): Reading<string> => {
    return { ok: true, value: stdout, source };
  });
  return printed.ok ? parseTimeouts(printed.value) : new Map();
}

/** Lines of `/proc/sys/net/netfilter/nf_conntrack_udp_timeout:30`. */
export function parseTimeouts(text: string): ReadonlyMap<string, number> {
  const lines = text.matchAll(/_conntrack_(\w*timeout\w*):(\d{1,9})$/gm);
  return new Map(Array.from(lines, ([, name = '', digits]) => [name, Number(digits)] as const));
}

// Reads a namespace's table through a process inside it: for namespaces that only a mount keeps, and for kernels
// without CONFIG_NF_CONNTRACK_PROCFS. nsenter(1) needs root.

import type { Statistics } from '../../model/counters.ts';
import type { Fault, Reading } from '../../model/fault.ts';
import { parseWholeNumber } from '../number.ts';
import type { Root } from '../root.ts';
import { type Answer, runTool } from '../run-tool.ts';
import { readToolStatistics } from '../table/conntrack-tool.ts';
import { parseStatistics } from '../table/statistics.ts';
import { TOOLS } from '../tools.ts';
import { enterPath } from './nsenter.ts';

const COUNT_PATH = '/proc/sys/net/netfilter/nf_conntrack_count';
const STATISTICS = '/proc/self/net/stat/nf_conntrack';
const REFUSED = /Operation not permitted|Permission denied/;
/** While ip-netns(8) deletes a name, it is briefly a file that is not a namespace. */
const GONE = /No such file or directory|Invalid argument/;

export interface Inside {
  readonly entries: Reading<number>;
  readonly statistics: Reading<Statistics>;
}

/** Returns the table of the namespace at `path` (on the observed machine), unless it may not be entered or is gone. */
export function readInside(root: Root, path: string): Inside | 'refused' | 'gone' {
  const enter = enterPath(root, path);
  if ('kind' in enter) return enter.kind === 'denied' ? 'refused' : failedInside(enter);
  const place = root.locate(path);
  const source = `nsenter --net=${place}`;
  const run = { tool: TOOLS.statistics, source, enter, args: [COUNT_PATH, STATISTICS] };
  const text = runTool(root, run, (answer) => asText(place, answer));
  if (text.ok) return parseInside(root, source, enter, text.value);
  if (text.fault.kind === 'denied') return 'refused';
  return text.fault.kind === 'missing' ? 'gone' : failedInside(text.fault);
}

/** Returns the table of the host's namespace, seen from a container in another one. */
export function readHostInside(root: Root): Inside {
  const path = '/proc/1/ns/net';
  const inside = readInside(root, path);
  const kind = inside === 'refused' ? 'denied' : 'missing';
  return typeof inside === 'string' ? failedInside({ kind, source: root.locate(path) }) : inside;
}

// cat fails for the file that this kernel does not have, but prints the other one.
function asText(source: string, { stdout, stderr, failure }: Answer): Reading<string> {
  if (stdout !== '') return { ok: true, value: stdout, source };
  if (REFUSED.test(stderr)) return { ok: false, fault: { kind: 'denied', source } };
  if (GONE.test(stderr)) return { ok: false, fault: { kind: 'missing', source } };
  return { ok: false, fault: { kind: 'enter-failed', source, detail: failure ?? 'no output' } };
}

function parseInside(root: Root, source: string, enter: readonly string[], text: string): Inside {
  const [, count = '', table = ''] = /^(\d+\n)?(.*)$/s.exec(text) ?? [];
  const parsed = table === '' ? undefined : parseStatistics(table);
  const statistics: Reading<Statistics> =
    parsed === undefined
      ? readToolStatistics(root, enter)
      : parsed.ok
        ? { ok: true, value: parsed.value, source }
        : { ok: false, fault: { kind: parsed.kind, source } };
  return { entries: readEntries(source, count, statistics), statistics };
}

function readEntries(source: string, count: string, statistics: Reading<Statistics>): Reading<number> {
  const entries = statistics.ok ? statistics.value.entries : undefined;
  if (entries !== undefined) return { ok: true, value: entries, source };
  const parsed = parseWholeNumber(count);
  return parsed.ok ? { ok: true, value: parsed.value, source } : { ok: false, fault: { kind: parsed.kind, source } };
}

function failedInside(fault: Fault): Inside {
  return { entries: { ok: false, fault }, statistics: { ok: false, fault } };
}

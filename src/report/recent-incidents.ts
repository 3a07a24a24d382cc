// Incidents of the last 24 hours that checks on this machine have recorded.

import { readAllIncidents } from '../history/all-incidents.ts';
import type { MainSource } from '../history/incident-record.ts';
import { readHost } from '../kernel/host-name.ts';
import type { Root } from '../kernel/root.ts';
import { indented } from '../words/prose.ts';
import { foreign } from '../words/words.ts';
import { localTime } from './diagnosis/kernel-log.ts';

export interface RecentIncident {
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Local time. */
  readonly time: string;
  /** The table in words. */
  readonly table: string;
  /** The source that filled it; undefined if nothing stood out. */
  readonly source: string | undefined;
  /** True if the same source fills the table now. */
  readonly isSameSource: boolean;
}

const DAY = 86_400_000;

/** Newest first. `dir` is the given state directory; without one, the usual ones are read on a live machine. */
export function readRecentIncidents(
  root: Root,
  dir: string | undefined,
  largest: MainSource | null,
): readonly RecentIncident[] {
  if (dir === undefined && root.view === 'captured') return [];
  const all = readAllIncidents(dir);
  if ('kind' in all) return [];
  const [host, now] = [readHost(root), Date.now()];
  return all.incidents
    .filter(({ record }) => record.host === host && Math.abs(now - record.start) < DAY)
    .map(({ record }) => {
      const source = (record.worst ?? record.first).main ?? undefined;
      return {
        start: record.start,
        time: localTime(record.start),
        table: record.name.split(' ').map(foreign).join(' '),
        source: source && foreign(source.name),
        isSameSource: source !== undefined && source.kind === largest?.kind && source.name === largest.name,
      };
    });
}

export function recentLines(recent: readonly RecentIncident[]): readonly string[] {
  const [last] = recent;
  if (last === undefined) return [];
  const match = recent.find(({ isSameSource }) => isSameSource);
  const count = recent.length === 1 ? 'One incident' : `${recent.length} incidents`;
  const words = `${count} recorded in the last 24 h, the last at ${last.time} (see check_conntrack incidents).`;
  return indented(
    match === undefined ? words : `${words} The same source as at ${match.time.slice(11, 16)}: ${match.source}.`,
  );
}

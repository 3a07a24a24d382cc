// The incidents of every user that runs the check: nagios, and root through sudo. Unreadable files are named.

import { files } from '#system/files';
import { self } from '#system/self';
import { systemFault } from '../kernel/file.ts';
import type { Fault } from '../model/fault.ts';
import { type KeptIncident, readIncidents } from './incident-store.ts';

/** The state directories of the shipped definitions, read if none is given. */
export const STATE_DIRECTORIES = [
  '/var/lib/nagios',
  '/var/lib/nrpe',
  '/var/lib/icinga2',
  '/var/lib/check_mk_agent',
  '/var/lib/netdata',
] as const;

export interface AllIncidents {
  /** Newest first. */
  readonly incidents: readonly KeptIncident[];
  readonly unread: readonly Fault[];
  /** The state directories that were read. */
  readonly directories: readonly string[];
}

/** A given directory must exist. */
export function readAllIncidents(given: string | undefined): AllIncidents | Fault {
  const directories = (given === undefined ? STATE_DIRECTORIES : [given]).filter(
    (dir) => given === dir || isDirectory(dir),
  );
  const [first] = directories;
  const status = given === undefined || first === undefined ? undefined : files.status(first);
  if (status !== undefined && 'errno' in status) return { ...systemFault(status), source: first ?? '' };
  if (status !== undefined && status.kind !== 'directory') return { kind: 'not-directory', source: first ?? '' };
  const unread: Fault[] = [];
  const incidents = directories.flatMap((dir) =>
    usersOf(dir).flatMap((euid) => {
      const kept = readIncidents({ dir, euid });
      unread.push(...('kind' in kept ? [kept] : kept.unread));
      return 'kind' in kept ? [] : kept.incidents;
    }),
  );
  const newest = incidents.sort((a, b) => b.record.start - a.record.start || (a.name < b.name ? 1 : -1));
  return { incidents: newest, unread, directories };
}

function isDirectory(dir: string): boolean {
  const status = files.status(dir);
  return !('errno' in status) && status.kind === 'directory';
}

/** If a directory may be entered but not listed, only our own subdirectory is read. */
function usersOf(dir: string): readonly number[] {
  const names = files.list(dir);
  if ('errno' in names) return [self.effectiveUser()];
  return names
    .filter((name) => /^(?:0|[1-9]\d{0,9})$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

// The table that a report is about, and the list of its entries.

import { exists } from '../kernel/file.ts';
import { isOnlyNamespace, namespaceInode } from '../kernel/namespaces/namespace.ts';
import { readTunables } from '../kernel/namespaces/namespace-sysctls.ts';
import { netInode } from '../kernel/namespaces/processes.ts';
import type { Root } from '../kernel/root.ts';
import type { Fault } from '../model/fault.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { openCaptured, openTableList } from './list/entry-feed.ts';
import { noList, type ReadList, readList } from './list/read-list.ts';
import { type ReportContext, type Reported, reportedFailure } from './reported.ts';

/** The table of a process's namespace. */
export function tableOfPid(root: Root, { tables }: Observation, pid: number): Table | Fault {
  const source = root.locate(`/proc/${pid}`);
  if (isOnlyNamespace() && exists(source)) return tables[0];
  const inode = netInode(root, pid);
  if (inode === 'gone') return { kind: 'missing', source };
  if (inode === 'hidden') return { kind: 'denied', source };
  if (inode === namespaceInode(root)) return tables[0];
  return tables.find(({ key }) => key === `net:${inode}`) ?? { kind: 'missing', source };
}

export async function listOf(
  root: Root,
  observation: Observation,
  subject: Table,
  context: ReportContext,
): Promise<ReadList | Reported> {
  const { entries } = context.options;
  const opened = entries === undefined ? openTableList(root, observation.machine, subject) : openCaptured(entries);
  if ('fault' in opened) return entries === undefined ? noList(opened.fault) : reportedFailure(opened.fault);
  const read = await readList(opened.feed, readTunables(root, observation.machine.generation, subject), context);
  // A timeout names this file, not the next one.
  root.expired(opened.feed.source);
  // A given list is required: without it there is no report.
  const emptyFault = entries === undefined ? undefined : read.emptyFault;
  return emptyFault === undefined ? read : reportedFailure(emptyFault);
}

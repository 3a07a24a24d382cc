// Whom a namespace belongs to: its eldest process, and the container that this one is in.

import type { Container, Identity, Namespace } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { readContainer } from './cgroup.ts';
import { readPodName } from './pod-name.ts';
import { netInode, type Process, readProcess } from './processes.ts';

/** Process numbers are used again, so who is not in the namespace any more is passed over. */
export function identify(root: Root, { pids, key }: Namespace): Identity {
  // Process 1 is older than all that share its /proc.
  const eldest = (pids[0] === 1 ? [1] : pids)
    .flatMap((pid) => listedProcess(pid, readProcess(root, pid)))
    .sort((a, b) => a.started - b.started)
    .find(({ pid }) => `net:${netInode(root, pid)}` === key);
  if (eldest === undefined) return { process: undefined, container: undefined };
  const { pid, command } = eldest;
  return { process: { pid, command }, container: named(root, readContainer(root, pid)) };
}

function named(root: Root, container: Container | undefined): Container | undefined {
  const name = container?.kind === 'pod' ? readPodName(root, container.id) : undefined;
  return container === undefined || name === undefined ? container : { ...container, name };
}

function listedProcess(pid: number, process: Process | undefined): (Process & { readonly pid: number })[] {
  return process === undefined ? [] : [{ ...process, pid }];
}

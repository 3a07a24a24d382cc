// Identifies a namespace by its oldest process, and the container of that process.

import type { Container, Identity, Namespace } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { readContainer } from './cgroup.ts';
import { readPodName } from './pod-name.ts';
import { netInode, type Process, readProcess } from './processes.ts';

/** Skips processes that are no longer in the namespace: process numbers are reused. */
export function identify(root: Root, { pids, key }: Namespace): Identity {
  // Process 1 is older than every other process of its /proc.
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

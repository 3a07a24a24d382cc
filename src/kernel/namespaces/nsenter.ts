// Access to a network namespace: its files under /proc, and nsenter(1), which needs root.

import { files } from '#system/files';
import { self } from '#system/self';
import type { Fault } from '../../model/fault.ts';
import type { Namespace } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { findTool, TOOLS } from '../tools.ts';
import { netDirectory } from './namespace.ts';

/** Returns the `net` directory of /proc that shows the namespace; undefined if no process is in it. */
export function netFolder(root: Root, { isOwn, pids }: Namespace): string | undefined {
  if (!isOwn) return pids[0] === undefined ? undefined : `/proc/${pids[0]}/net`;
  const net = netDirectory(root);
  return 'fault' in net ? undefined : net.path;
}

/**
 * Returns the words to put before a command that runs in the namespace; empty if /proc/sys shows that namespace
 * already.
 */
export function enterOf(root: Root, namespace: Namespace): readonly string[] | Fault {
  const net = netDirectory(root);
  if (namespace.isOwn && !('fault' in net) && net.sysctlsAgree) return [];
  const path = nsfsPath(namespace);
  return path === undefined ? { kind: 'missing', source: root.locate('/proc') } : enterPath(root, path);
}

// Our own namespace is entered only if it is the host's, seen through a live root.
function nsfsPath({ isOwn, pids, mount }: Namespace): string | undefined {
  if (isOwn) return '/proc/1/ns/net';
  return pids[0] === undefined ? mount?.path : `/proc/${pids[0]}/ns/net`;
}

/** The same for a file of nsfs (`/proc/<pid>/ns/net`, `/run/netns/<name>`) on the observed machine. */
export function enterPath(root: Root, path: string): readonly string[] | Fault {
  const source = `nsenter --net=${root.locate(path)}`;
  if (self.effectiveUser() !== 0) return { kind: 'denied', source };
  const tool = findTool(TOOLS.enter);
  if (tool === undefined) return { kind: 'tool-missing', source };
  // nsenter would wait for the other end of a FIFO.
  const status = files.status(root.locate(path));
  if (!('errno' in status) && status.kind !== 'file') return { kind: 'not-regular', source };
  return [tool, `--net=${root.locate(path)}`];
}

/** Caches a reading per namespace and root; a root stands for one observation of a machine. */
export function oncePerNamespace<T>(read: (root: Root, namespace: Namespace) => T): typeof read {
  const cache = new WeakMap<Root, Map<string, { readonly value: T }>>();
  return (root, namespace) => {
    const ofRoot = cache.get(root) ?? new Map<string, { readonly value: T }>();
    cache.set(root, ofRoot);
    const cached = ofRoot.get(namespace.key) ?? { value: read(root, namespace) };
    ofRoot.set(namespace.key, cached);
    return cached.value;
  };
}

// Tests for the initial network namespace, whose limit the machine's files set.

import type { KernelVersion } from '../../model/machine.ts';
import { exists } from '../file.ts';
import { loadedModules } from '../modules.ts';
import type { Root } from '../root.ts';
import { isOnlyNamespace, namespaceInode } from './namespace.ts';
import { isKthreadd, KTHREADD, netInode, readProcess } from './processes.ts';

/** Kernels before 3.5 have one cache per network namespace: `nf_conntrack_ffffffff81367c00` (2.6.33, EL6). */
const CACHE_OF_NAMESPACE = /^nf_conntrack_[0-9a-f]+ /gm;
const CACHE_NAMES_LIMIT = 1 << 22;

/** Undefined if unknown. A kernel of unknown release is treated as a newer one. */
export function isInitialNamespace(root: Root, release: KernelVersion | undefined): boolean | undefined {
  if (!exists(root.locate('/proc/sys/net/nf_conntrack_max'))) return false;
  if (release === undefined || showsInitialOnly(release)) return true;
  if (root.view === 'captured') return isOnlyTracked(root) ?? listsModule(root);
  return isOnlyNamespace() || (isKernelsOwn(root) ?? isOnlyTracked(root));
}

/**
 * Since 3.5 ("net: Convert all sysctl registrations to register_net_sysctl") only the initial namespace has that name
 * of the limit.
 */
function showsInitialOnly({ major, minor }: KernelVersion): boolean {
  return major > 3 || (major === 3 && minor >= 5);
}

/**
 * True if the kernel threads, which are always in the initial namespace, are in this one; undefined if they are not
 * visible.
 */
function isKernelsOwn(root: Root): boolean | undefined {
  const thread = readProcess(root, KTHREADD);
  if (thread?.kernelThread !== true) return undefined;
  if (!isKthreadd(thread)) return false;
  const [theirs, ours] = [netInode(root, KTHREADD), namespaceInode(root)];
  return typeof theirs === 'number' && typeof ours === 'number' ? theirs === ours : undefined;
}

/** True where the modules are listed, which a container of OpenVZ does not see, and no caches are there to tell better. */
function listsModule(root: Root): true | undefined {
  const loaded = loadedModules(root);
  return !exists(root.locate('/proc/slabinfo')) && loaded.ok && loaded.value.has('nf_conntrack') ? true : undefined;
}

/** True where a single namespace has a cache of entries: the initial one has one always. */
function isOnlyTracked(root: Root): true | undefined {
  const caches = root.read('/proc/slabinfo', CACHE_NAMES_LIMIT, (text) => {
    return { ok: true, value: text.match(CACHE_OF_NAMESPACE)?.length ?? 0 };
  });
  return caches.ok && caches.value === 1 ? true : undefined;
}

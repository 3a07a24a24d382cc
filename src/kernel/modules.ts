// The modules of the running kernel, and whether a command would load one. `/proc/modules` lists the loaded modules,
// one per line. Built-in modules are listed, since 2.6.33, in `modules.builtin` of the kernel's release.

import type { Reading } from '../model/fault.ts';
import type { Root } from './root.ts';

const MODULES_LIMIT = 1 << 20;
const RELEASE_LIMIT = 4096;

/** The interface of conntrack(8). */
const INTERFACES = ['nf_conntrack_netlink', 'ip_conntrack_netlink'];

/** `unknown`: it may be built in, or not be loaded. */
export type ModuleState = 'there' | 'absent' | 'unknown';

export function loadedModules(root: Root): Reading<ReadonlySet<string>> {
  return root.read('/proc/modules', MODULES_LIMIT, (text) => ({ ok: true, value: parseModules(text) }));
}

/** Returns the state of a kernel module under any of its names. */
export function moduleState(root: Root, names: readonly string[]): ModuleState {
  const loaded = loadedModules(root);
  // A kernel without the file cannot load modules.
  if (!loaded.ok) return loaded.fault.kind === 'missing' ? 'there' : 'unknown';
  if (names.some((name) => loaded.value.has(name))) return 'there';
  const builtIn = builtInModules(root);
  if (builtIn.ok) return names.some((name) => builtIn.value.has(name)) ? 'there' : 'absent';
  // If connection tracking is a module, so are its parts; if it is built in, so is its interface.
  if (loaded.value.has('nf_conntrack') || loaded.value.has('ip_conntrack')) return 'absent';
  return names.some((name) => INTERFACES.includes(name)) ? 'there' : 'unknown';
}

/** True also if the state of the module is unknown. */
export function wouldLoadModule(root: Root, names: readonly string[]): boolean {
  return names.length > 0 && moduleState(root, names) !== 'there';
}

export function builtInModules(root: Root): Reading<ReadonlySet<string>> {
  const release = root.read('/proc/sys/kernel/osrelease', RELEASE_LIMIT, (text) => {
    const [name] = /^[\w.+~-]+$/m.exec(text) ?? [];
    return name === undefined ? { ok: false, kind: 'malformed' } : { ok: true, value: name };
  });
  if (!release.ok) return release;
  return root.read(`/lib/modules/${release.value}/modules.builtin`, MODULES_LIMIT, (text) => {
    return { ok: true, value: parseBuiltIn(text) };
  });
}

/** Parses lines such as `nf_conntrack 200704 1 nft_ct, Live 0x0`. */
export function parseModules(text: string): ReadonlySet<string> {
  return new Set(Array.from(text.matchAll(/^\w+/gm), ([name]) => name));
}

/**
 * Parses lines such as `kernel/net/netfilter/nf_tables.ko`; a file name may have `-` where the module's name has `_`.
 */
export function parseBuiltIn(text: string): ReadonlySet<string> {
  return new Set(Array.from(text.matchAll(/([\w-]+)\.ko$/gm), ([, name = '']) => name.replace(/-/g, '_')));
}

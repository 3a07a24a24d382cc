// What on the machine may explain that its limit is not the configured one.

import type { Evidence } from '../../model/configuration.ts';
import type { Generation } from '../../model/generation.ts';
import { exists } from '../file.ts';
import { loadedModules } from '../modules.ts';
import type { Root } from '../root.ts';
import { runsSystemd } from './systemd.ts';

const EVIDENCE_LIMIT = 1 << 20;
const MODULES_LOAD_FOLDERS = [
  '/etc/modules-load.d',
  '/run/modules-load.d',
  '/usr/local/lib/modules-load.d',
  '/usr/lib/modules-load.d',
];

// Of most distributions, k3s and rke2 among them, of k0s, and of MicroK8s.
const KUBELETS = ['/var/lib/kubelet', '/var/lib/k0s/kubelet', '/var/snap/microk8s/common/var/lib/kubelet'];

export function readEvidence(root: Root, generation: Generation): Evidence {
  return {
    iptablesUnloads: readIptablesUnloads(root),
    builtIn: isBuiltIn(root, generation),
    loadedAtBoot: modulesFiles(root).some((path) => namesModule(readEvidenceText(root, path), generation)),
    systemd: runsSystemd(root),
    kubernetes: KUBELETS.some((folder) => exists(root.locate(folder))),
    cpus: onlineCpus(root),
  };
}

/** `0-3,5` of `/sys/devices/system/cpu/online`. */
function onlineCpus(root: Root): number | undefined {
  const ranges = readEvidenceText(root, '/sys/devices/system/cpu/online')?.trim().split(',') ?? [];
  const counts = ranges.map((range) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    return Number(last) - Number(first) + 1;
  });
  const sum = counts.reduce((all, count) => all + count, 0);
  return sum > 0 ? sum : undefined;
}

/** `/etc/sysconfig/iptables-config` of Red Hat's iptables service, which unloads modules unless told otherwise. */
function readIptablesUnloads(root: Root): boolean | undefined {
  const config = readEvidenceText(root, '/etc/sysconfig/iptables-config');
  if (config === undefined) return undefined;
  const set = config.split('\n').flatMap((line) => /^IPTABLES_MODULES_UNLOAD=["']?(\w*)/.exec(line.trim())?.[1] ?? []);
  // A shell reads it: the last one counts.
  return set[set.length - 1]?.toLowerCase() !== 'no';
}

/** A table that is there without an entry in `/proc/modules`. A kernel without modules has no such file. */
function isBuiltIn(root: Root, generation: Generation): boolean | undefined {
  const loaded = loadedModules(root);
  if (loaded.ok) return !loaded.value.has(generation);
  return root.view === 'captured' ? undefined : true;
}

function modulesFiles(root: Root): readonly string[] {
  const inFolder = (folder: string) =>
    listEvidence(root, folder)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `${folder}/${name}`);
  return ['/etc/modules', ...MODULES_LOAD_FOLDERS.flatMap(inFolder)];
}

function namesModule(file: string | undefined, generation: Generation): boolean {
  return file?.split('\n').some((line) => line.trim().replace(/-/g, '_') === generation) === true;
}

function listEvidence(root: Root, folder: string): readonly string[] {
  const names = root.list(folder);
  return 'kind' in names ? [] : names;
}

function readEvidenceText(root: Root, path: string): string | undefined {
  const reading = root.read(path, EVIDENCE_LIMIT, (bytes) => ({ ok: true, value: bytes }));
  return reading.ok ? reading.value : undefined;
}

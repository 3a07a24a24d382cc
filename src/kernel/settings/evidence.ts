// What on the machine may explain that its limit is not the configured one.

import type { Evidence, EvidencePlace } from '../../model/configuration.ts';
import type { Generation } from '../../model/generation.ts';
import { exists } from '../file.ts';
import { builtInModules, loadedModules } from '../modules.ts';
import type { Root } from '../root.ts';
import { isWhole, readEvidenceText } from './evidence-text.ts';
import { LOADER_PLACES, readLoader } from './loader.ts';
import { readMachineKind } from './machine-kind.ts';
import { readUdevRule, UDEV_FOLDERS } from './udev-rules.ts';

// Of most distributions, k3s and rke2 among them, of k0s, and of MicroK8s.
const KUBELETS = ['/var/lib/kubelet', '/var/lib/k0s/kubelet', '/var/snap/microk8s/common/var/lib/kubelet'];
const RANCHERS = ['/etc/rancher/k3s', '/etc/rancher/rke2'];
const ONLINE = '/sys/devices/system/cpu/online';

export function readEvidence(root: Root, generation: Generation): Evidence {
  return {
    ...readMachineKind(root),
    iptablesUnloads: readIptablesUnloads(root),
    builtIn: readBuiltIn(root, generation),
    loader: readLoader(root, generation),
    udevRule: readUdevRule(root, generation),
    kubelet: KUBELETS.find((folder) => exists(root.locate(folder))),
    kubeProxyFile: kubeProxyFile(root),
    cpus: onlineCpus(root),
    unseen: unseenPlaces(root),
  };
}

function kubeProxyFile(root: Root): string | undefined {
  const folder = RANCHERS.find((each) => exists(root.locate(each)));
  return folder === undefined ? undefined : `${folder}/config.yaml`;
}

function unseenPlaces(root: Root): readonly EvidencePlace[] {
  if (isWhole(root)) return [];
  const seen: readonly (readonly [EvidencePlace, readonly string[]])[] = [
    ['modules loaded at boot', LOADER_PLACES],
    ['udev rules', UDEV_FOLDERS],
    ['kubelet', [...KUBELETS, '/var/lib']],
    ['CPUs', [ONLINE]],
  ];
  return seen.flatMap(([place, paths]) => (paths.some((path) => exists(root.locate(path))) ? [] : [place]));
}

/** `0-3,5` of `/sys/devices/system/cpu/online`. */
function onlineCpus(root: Root): number | undefined {
  const ranges = readEvidenceText(root, ONLINE)?.trim().split(',') ?? [];
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
  // A shell reads it: the last one counts.
  const setting = (name: string) => {
    const set = config.split('\n').filter((line) => line.trim().startsWith(`${name}=`));
    return set
      .pop()
      ?.trim()
      .slice(name.length + 1)
      .replace(/["']/g, '')
      .toLowerCase();
  };
  if (setting('IPTABLES_SYSCTL_LOAD_LIST')?.includes('conntrack') === true) return false;
  return setting('IPTABLES_MODULES_UNLOAD') !== 'no';
}

/** A table that is there without an entry in `/proc/modules`, which a container of OpenVZ does not have. */
function readBuiltIn(root: Root, generation: Generation): boolean | undefined {
  const loaded = loadedModules(root);
  if (loaded.ok) return !loaded.value.has(generation);
  const builtIn = builtInModules(root);
  return builtIn.ok ? builtIn.value.has(generation) : undefined;
}

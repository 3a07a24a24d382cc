// Evidence of why the machine's limit is not the configured one.

import type { Evidence, EvidencePlace, MachineKind } from '../../model/configuration.ts';
import type { Generation } from '../../model/generation.ts';
import { exists } from '../file.ts';
import { builtInModules, loadedModules } from '../modules.ts';
import type { Root } from '../root.ts';
import { isWholeRoot, readEvidenceText } from './evidence-text.ts';
import { LOADER_PLACES, readLoader } from './loader.ts';
import { readMachineKind } from './machine-kind.ts';
import { MODULE_OPTIONS } from './settings-files.ts';
import { readUdevRule, UDEV_FOLDERS } from './udev-rules.ts';

// The folders of most distributions, including k3s and RKE2, of k0s, and of MicroK8s.
const KUBELETS = ['/var/lib/kubelet', '/var/lib/k0s/kubelet', '/var/snap/microk8s/common/var/lib/kubelet'];
const RANCHERS = ['/etc/rancher/k3s', '/etc/rancher/rke2'];
const ONLINE = '/sys/devices/system/cpu/online';

const IPTABLES_CONFIG = '/etc/sysconfig/iptables-config';

export function readEvidence(root: Root, generation: Generation): Evidence {
  const { kind, mark } = readMachineKind(root);
  return {
    kind,
    mark,
    iptablesUnloads: readIptablesUnloads(root),
    ...readBuiltIn(root, generation),
    loader: readLoader(root, generation),
    udevRule: readUdevRule(root, generation),
    kubelet: KUBELETS.find((folder) => exists(root.locate(folder))),
    kubeProxyFile: rancherConfig(root),
    cpus: onlineCpus(root),
    unseen: isWholeRoot(root) ? [] : unseenPlaces(root, kind, generation),
  };
}

function rancherConfig(root: Root): string | undefined {
  const folder = RANCHERS.find((each) => exists(root.locate(each)));
  return folder === undefined ? undefined : `${folder}/config.yaml`;
}

function unseenPlaces(root: Root, kind: MachineKind, generation: Generation): readonly EvidencePlace[] {
  const hasAny = (paths: readonly string[]) => paths.some((path) => exists(root.locate(path)));
  const losesLimit = kind === 'red hat without systemd' || generation === 'ip_conntrack';
  const seen: readonly (readonly [EvidencePlace, boolean])[] = [
    ['init system', kind !== 'other'],
    ['module options', hasAny(MODULE_OPTIONS)],
    ['modules loaded at boot', hasAny(LOADER_PLACES)],
    ['udev rules', hasAny(UDEV_FOLDERS)],
    ['iptables service', !losesLimit || hasAny(['/etc/sysconfig'])],
    ['kubelet', hasAny([...KUBELETS, '/var/lib'])],
    ['CPUs', hasAny([ONLINE])],
  ];
  return seen.flatMap(([place, isSeen]) => (isSeen ? [] : [place]));
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

/** `/etc/sysconfig/iptables-config` of Red Hat's iptables service, which unloads modules by default. */
function readIptablesUnloads(root: Root): boolean | undefined {
  const config = readEvidenceText(root, IPTABLES_CONFIG);
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

/** A table without an entry in `/proc/modules`, which a container of OpenVZ does not have, is built in. */
function readBuiltIn(root: Root, generation: Generation): Pick<Evidence, 'builtIn' | 'modulesFile'> {
  const loaded = loadedModules(root);
  if (loaded.ok) return { builtIn: !loaded.value.has(generation), modulesFile: '/proc/modules' };
  const builtIn = builtInModules(root);
  return builtIn.ok
    ? { builtIn: builtIn.value.has(generation), modulesFile: 'modules.builtin' }
    : { builtIn: undefined, modulesFile: undefined };
}

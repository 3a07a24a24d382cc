// The files that make a limit last, for each kind of machine.

import { PVE_DEFAULT } from '../evaluate/drift.ts';
import { atLeast } from '../evaluate/kernel-version.ts';
import type { Plan } from '../evaluate/sizing.ts';
import type { MachineKind } from '../model/configuration.ts';
import { GENERATIONS } from '../model/generation.ts';
import type { Observation } from '../model/observation.ts';

/** Lines for one file or another named place. */
export interface FileLines {
  readonly where: string;
  readonly lines: readonly string[];
  /** Settings to remove there; the new lines, if any, replace them. */
  readonly replaces?: readonly string[];
}

/** The files of one kind of machine. */
interface Places {
  /** A new file for sysctls. */
  readonly sysctl: string;
  /** A line that loads the module at boot; undefined if there is no file for it. */
  readonly loader: FileLines | undefined;
  /** A hashsize for the module. */
  readonly hashsize: (buckets: number) => FileLines;
}

const modprobeLine = (where: string) => (buckets: number) => ({
  where,
  lines: [`options nf_conntrack hashsize=${buckets}`],
});

const SYSTEMD: Places = {
  sysctl: '/etc/sysctl.d/90-nf_conntrack.conf',
  loader: { where: '/etc/modules-load.d/nf_conntrack.conf', lines: ['nf_conntrack'] },
  hashsize: modprobeLine(GENERATIONS.nf_conntrack.modprobeFile),
};
const WITHOUT_SYSTEMD: Places = { ...SYSTEMD, sysctl: '/etc/sysctl.conf', loader: undefined };
const OPENRC: Places = { ...SYSTEMD, loader: { where: '/etc/modules', lines: ['nf_conntrack'] } };
const OPENWRT: Places = {
  sysctl: '/etc/sysctl.conf',
  loader: undefined,
  hashsize: (buckets) => ({
    where: '/etc/modules.d/nf-conntrack',
    lines: [`nf_conntrack hashsize=${buckets}`],
    replaces: ['the line nf_conntrack'],
  }),
};
const RED_HAT: Places = {
  ...WITHOUT_SYSTEMD,
  loader: {
    where: '/etc/sysconfig/modules/nf_conntrack.modules, mode 0755',
    lines: ['#!/bin/sh', 'modprobe nf_conntrack'],
  },
};

const PLACES: Readonly<Record<MachineKind, Places>> = {
  openwrt: OPENWRT,
  vyos: SYSTEMD,
  talos: SYSTEMD,
  proxmox: SYSTEMD,
  systemd: SYSTEMD,
  openrc: OPENRC,
  'red hat without systemd': RED_HAT,
  other: WITHOUT_SYSTEMD,
};

export const MACHINE_KINDS = Object.keys(PLACES).filter((kind): kind is MachineKind => kind in PLACES);

/** The files of nf_conntrack. A tree may not show its init system; one with a newer kernel is taken for systemd. */
export function placesOf({ machine, evidence }: Observation): Places {
  const { release } = machine;
  const kind = evidence?.kind ?? 'other';
  const isUnseen = kind === 'other' && (evidence === undefined || evidence.unseen.length > 0);
  return isUnseen && release.ok && atLeast(release.value, 3, 10) ? SYSTEMD : PLACES[kind];
}

type PlanSizes = Pick<Plan, 'limit' | 'buckets'>;

/** The lines that make a limit last on a machine without settings of its own, as the manual lists them. */
export function lastingFiles(kind: MachineKind, sizes: PlanSizes): readonly FileLines[] {
  const { sysctl, loader, hashsize } = PLACES[kind];
  const [key] = GENERATIONS.nf_conntrack.limitKeys;
  return (
    ownConfiguration(kind, sizes) ?? [
      hashsize(sizes.buckets),
      { where: sysctl, lines: [`${key} = ${sizes.limit}`] },
      ...(loader === undefined ? [] : [loader]),
    ]
  );
}

/** For a machine whose files are written by a program of its own; undefined for the others. */
export function ownConfiguration(
  kind: MachineKind | undefined,
  { limit, buckets }: PlanSizes,
): readonly FileLines[] | undefined {
  switch (kind) {
    case 'proxmox':
      return limit <= PVE_DEFAULT
        ? []
        : [{ where: '/etc/pve/local/host.fw', lines: ['[OPTIONS]', `nf_conntrack_max: ${limit}`] }];
    case 'vyos':
      return [
        {
          where: 'the configuration of the router: configure, then commit and save',
          lines: [`set system conntrack table-size ${limit}`, `set system conntrack hash-size ${buckets}`],
        },
      ];
    case 'talos':
      return [
        {
          where: 'the machine configuration of the node, under machine.sysctls',
          lines: [`${GENERATIONS.nf_conntrack.limitKeys[0]}: "${limit}"`],
        },
      ];
    default:
      return undefined;
  }
}

export function loaderRemedy(observation: Observation): string {
  const { loader } = placesOf(observation);
  if (loader === undefined) return 'run modprobe nf_conntrack before sysctl at boot';
  const [line = ''] = loader.lines.slice(-1);
  return `echo ${line.includes(' ') ? `'${line}'` : line} >${loader.where === '/etc/modules' ? '>' : ''}${loader.where}`;
}

export function hashsizeRemedy(observation: Observation, hashsize: number): string {
  const { generation } = observation.machine;
  if (generation === 'ip_conntrack')
    return `options ip_conntrack hashsize=${hashsize} in ${GENERATIONS.ip_conntrack.modprobeFile}`;
  const { where, lines } = placesOf(observation).hashsize(hashsize);
  return `${lines.join('; ')} in ${where}`;
}

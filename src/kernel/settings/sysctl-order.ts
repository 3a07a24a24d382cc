// The sysctl files of a machine, in the order in which it applies them at boot.

import { files } from '#system/files';
import type { SysctlReader } from '../../model/configuration.ts';
import type { Fault } from '../../model/fault.ts';
import { exists } from '../file.ts';
import type { Root } from '../root.ts';
import { OPENWRT_MARKS, oldRedHat } from './machine-kind.ts';
import { runsSystemd } from './systemd.ts';

/** A file that sysctl applies. */
export interface SysctlPath {
  readonly path: string;
  readonly atBoot: boolean;
}

// The first file of a name hides the others.
const SYSCTL_FOLDERS = [
  '/etc/sysctl.d',
  '/run/sysctl.d',
  '/usr/local/lib/sysctl.d',
  '/usr/lib/sysctl.d',
  '/lib/sysctl.d',
];
const OWN_FOLDER = SYSCTL_FOLDERS.slice(0, 1);
const CONF = '/etc/sysctl.conf';
/** The link by which systemd reads it at boot, and how it may lead there. */
const LINK = '99-sysctl.conf';
const CONF_TARGETS = /^(?:\/etc|\.\.|(?:\.\.\/){2,}etc)\/sysctl\.conf$/;
/** Stands for bytes that are not UTF-8: a file with such a name cannot be opened. */
const REPLACED = '\ufffd';
/** Alpine's and OpenWrt's applies files with busybox's sysctl, in an order of its own; Gentoo's leaves it to procps. */
const BOOT_SCRIPT = '/etc/init.d/sysctl';
const SCRIPT_LIMIT = 1 << 16;
/** Places that it names. */
const SCRIPT_PLACES = /(?:\/\w+)+\/sysctl\.d\/\*\.conf|\/etc\/sysctl\.conf/g;
const ALL_OF_A_FOLDER = '/*.conf';
/** A file in one of these, applied later, hides those of the same name, if the script compares names. */
const HIDING = ['/etc/sysctl.d', '/run/sysctl.d'];
const SYSCTL = '/sbin/sysctl';
/** is_ignored_file() of Red Hat's initscripts. */
const BACKUP = /(?:~|\.(?:bak|orig|rpmnew|rpmorig|rpmsave))$/;

export function sysctlReader(root: Root): SysctlReader {
  if (OPENWRT_MARKS.some((path) => exists(root.locate(path)))) return 'busybox';
  if (runsSystemd(root)) return 'systemd';
  const isProcps = exists(root.locate(SYSCTL)) && linkTarget(root, SYSCTL) === undefined;
  return bootScript(root) === undefined || isProcps ? 'procps' : 'busybox';
}

/** The text of the script, if it has an order of its own. */
function bootScript(root: Root): string | undefined {
  const script = root.read(BOOT_SCRIPT, SCRIPT_LIMIT, (text) => ({ ok: true, value: text }));
  return script.ok && /\/\*\.conf/.test(script.value) && !script.value.includes('--system') ? script.value : undefined;
}

/**
 * systemd reads /etc/sysctl.conf through a link to it, in its turn, or not at all; procps the same way, and always again
 * at the end. OpenWrt reads one folder, and /etc/sysctl.conf after it.
 */
export function sysctlPaths(root: Root, reader: SysctlReader, faults: Fault[]): readonly SysctlPath[] {
  const redHat = reader === 'procps' ? oldRedHat(root) : undefined;
  if (redHat !== undefined) return redHatPaths(root, redHat, faults);
  const script = reader === 'systemd' ? undefined : bootScript(root);
  if (script !== undefined) return scriptPaths(root, script, faults);
  const folders = reader === 'busybox' ? OWN_FOLDER : SYSCTL_FOLDERS;
  const paths = settingsFiles(root, folders, faults, reader === 'procps' ? isConf : isVisibleConf).map((path) =>
    leadsToConf(root, path) ? CONF : path,
  );
  const inFolders = paths.map((path) => ({ path, atBoot: true }));
  if (reader === 'systemd' && paths.includes(CONF)) return inFolders;
  return [...inFolders, { path: CONF, atBoot: reader !== 'systemd' }];
}

/** The files in the order in which the script names them; older ones of Alpine name /lib after /etc. */
function scriptPaths(root: Root, script: string, faults: Fault[]): readonly SysctlPath[] {
  const places = Array.from(new Set(script.match(SCRIPT_PLACES) ?? []));
  const folders = places.map((place) => place.replace(ALL_OF_A_FOLDER, ''));
  const hides = script.includes('##*/');
  const isHidden = (name: string, at: number) =>
    hides && HIDING.some((folder) => folders.indexOf(folder) > at && isSettingsFile(root, `${folder}/${name}`));
  return places.flatMap((place, at) => {
    if (place === CONF) return [{ path: CONF, atBoot: true }];
    const paths = settingsFiles(
      root,
      folders.slice(at, at + 1),
      faults,
      (name) => isVisibleConf(name) && !isHidden(name, at),
    );
    return paths.map((path) => ({ path: leadsToConf(root, path) ? CONF : path, atBoot: true }));
  });
}

/** A link to /dev/null is none: it hides nothing. */
function isSettingsFile(root: Root, path: string): boolean {
  const real = root.resolve(leadsToConf(root, path) ? CONF : path);
  const status = typeof real === 'string' ? files.status(real) : undefined;
  return status !== undefined && !('errno' in status) && status.kind === 'file';
}

/** apply_sysctl() of release 6: every file of the folder after /etc/sysctl.conf; releases 4 and 5 have no folder. */
function redHatPaths(root: Root, release: number, faults: Fault[]): readonly SysctlPath[] {
  const paths = settingsFiles(root, OWN_FOLDER, faults, (name) => !name.startsWith('.') && !BACKUP.test(name));
  return [{ path: CONF, atBoot: true }, ...paths.map((path) => ({ path, atBoot: release > 5 }))];
}

const isConf = (name: string) => name.endsWith('.conf');
/** procps alone reads hidden files. */
export const isVisibleConf = (name: string) => isConf(name) && !name.startsWith('.');

/** The files of these folders, sorted by name. */
export function settingsFiles(
  root: Root,
  folders: readonly string[],
  faults: Fault[],
  isSettings: (name: string) => boolean,
): readonly string[] {
  const found = new Map<string, string>();
  for (const folder of folders)
    for (const name of listSettings(root, folder, faults))
      if (isSettings(name) && !found.has(name)) found.set(name, `${folder}/${name}`);
  return Array.from(found.keys())
    .sort()
    .map((name) => found.get(name) ?? name);
}

function listSettings(root: Root, folder: string, faults: Fault[]): readonly string[] {
  const names = root.list(folder);
  if ('kind' in names) {
    if (names.kind !== 'missing') faults.push(names);
    return [];
  }
  for (const name of names.filter((each) => each.includes(REPLACED) && isConf(each))) {
    const source = root.locate(`${folder}/${name}`);
    if (!exists(source)) faults.push({ kind: 'io', source, detail: 'its name is not UTF-8' });
  }
  return names;
}

// In a tree that was captured or mounted elsewhere an absolute link would lead out of it.
function leadsToConf(root: Root, path: string): boolean {
  return path.endsWith(`/${LINK}`) && CONF_TARGETS.test(linkTarget(root, path) ?? '');
}

export function linkTarget(root: Root, path: string): string | undefined {
  const target = files.readLink(root.locate(path));
  return typeof target === 'string' ? target : undefined;
}

// What the machine's files want of connection tracking: sysctl.d(5), sysctl.conf(5), modprobe.d(5), the kernel's command
// line. Only what mentions it is kept, so that a machine without such settings costs next to nothing.

import { files } from '#system/files';
import type { Configuration, SysctlLine, SysctlReader } from '../../model/configuration.ts';
import type { Fault } from '../../model/fault.ts';
import { GENERATIONS } from '../../model/generation.ts';
import { exists } from '../file.ts';
import { readNumber } from '../number.ts';
import type { Root } from '../root.ts';
import { parseCommands } from './commands.ts';
import { OPENWRT_MARKS } from './machine-kind.ts';
import { parseCommandLine, parseModprobeFile } from './module-options.ts';
import { PVE_FIREWALL, parseHostFirewall, parseUfw, UFW_CONF, UFW_SYSCTL } from './services.ts';
import { parseSysctlFile } from './sysctl-file.ts';
import { runsSystemd } from './systemd.ts';

// In order: of files of one name the first counts, and hides the others.
const SYSCTL_FOLDERS = [
  '/etc/sysctl.d',
  '/run/sysctl.d',
  '/usr/local/lib/sysctl.d',
  '/usr/lib/sysctl.d',
  '/lib/sysctl.d',
];
const MODPROBE_FOLDERS = [
  '/etc/modprobe.d',
  '/run/modprobe.d',
  '/usr/local/lib/modprobe.d',
  '/usr/lib/modprobe.d',
  '/lib/modprobe.d',
];
const SYSCTL_CONF = '/etc/sysctl.conf';
/** The link by which systemd reads it at boot, and how it may lead there. */
const SYSCTL_LINK = '99-sysctl.conf';
const CONF_TARGETS = /^(?:\/etc|\.\.|(?:\.\.\/){2,}etc)\/sysctl\.conf$/;
const RC_LOCAL = ['/etc/rc.local', '/etc/rc.d/rc.local'];
const COMMAND_LINE = '/proc/cmdline';
/** Bytes: what a file may hold. A line of it may take as long as a pattern does. */
const SETTINGS_LIMIT = 1 << 18;
/** What stands for bytes that are no UTF-8: a name that has it cannot be opened. */
const REPLACED = '\ufffd';

export function readConfiguration(root: Root): Configuration {
  const faults: Fault[] = [];
  const text = (path: string) => readSettingsFile(root, path, faults);
  const reader = readerOf(root);
  const sysctl = readSysctl(root, reader, faults);
  const paths = ['/etc/modprobe.conf', ...settingsFiles(root, MODPROBE_FOLDERS, faults)];
  const modprobe = paths.map((path) => parseModprobeFile(text(path), path));
  const boot = parseCommandLine(text(COMMAND_LINE), COMMAND_LINE);
  return {
    sysctl,
    reader,
    scripts: [
      ...modprobe.flatMap(({ commands }) => commands),
      ...RC_LOCAL.flatMap((path) => parseCommands(text(path), path)),
    ],
    services: [...parseUfw(text(UFW_CONF), text(UFW_SYSCTL)), ...parseHostFirewall(text(PVE_FIREWALL))],
    hashsizes: [...modprobe.flatMap(({ hashsizes }) => hashsizes), ...boot],
    refusedOptions: modprobe.flatMap(({ refused }) => refused),
    reapplied: modprobe.some(({ reapplies }) => reapplies),
    aliases: aliasesIn(root, sysctl),
    hasTwoLimits: detectsTwoLimits(root, sysctl),
    faults,
  };
}

function readerOf(root: Root): SysctlReader {
  if (OPENWRT_MARKS.some((path) => exists(root.locate(path)))) return 'busybox';
  return runsSystemd(root) ? 'systemd' : 'procps';
}

// Asked only where the files set the one of the two that is OpenVZ's own.
function detectsTwoLimits(root: Root, sysctl: readonly SysctlLine[]): boolean {
  const [, second] = GENERATIONS.nf_conntrack.limitKeys;
  if (!sysctl.some(({ names }) => names.includes(second))) return false;
  const [own, machines] = GENERATIONS.nf_conntrack.limitFiles.map((path) => readNumber(root, path));
  return own?.ok === true && machines?.ok === true && own.value !== machines.value;
}

// Of those alone that somebody uses: the kernel's files are asked for them.
function aliasesIn(root: Root, sysctl: readonly SysctlLine[]): readonly string[] {
  const used = GENERATIONS.ip_conntrack.limitKeys.filter((key) => sysctl.some(({ names }) => names.includes(key)));
  return used.filter((key) => exists(root.locate(`/proc/sys/${key.replace(/\./g, '/')}`)));
}

// systemd reads /etc/sysctl.conf through a link to it, in its turn, or not at all; procps so too, and in any case again
// at the end. OpenWrt knows one folder, and reads /etc/sysctl.conf after it.
function readSysctl(root: Root, reader: SysctlReader, faults: Fault[]): readonly SysctlLine[] {
  const folders = reader === 'busybox' ? SYSCTL_FOLDERS.slice(0, 1) : SYSCTL_FOLDERS;
  const paths = settingsFiles(root, folders, faults, reader === 'procps').map((path) =>
    leadsToConf(root, path) ? SYSCTL_CONF : path,
  );
  const lines = (path: string, atBoot: boolean) =>
    parseSysctlFile(readSettingsFile(root, path, faults), path, atBoot, reader);
  const inFolders = paths.flatMap((path) => lines(path, true));
  if (reader === 'systemd' && paths.includes(SYSCTL_CONF)) return inFolders;
  return [...inFolders, ...lines(SYSCTL_CONF, reader !== 'systemd')];
}

/** The `.conf` files of these folders in the order in which they are applied: by name. */
function settingsFiles(root: Root, folders: readonly string[], faults: Fault[], hidden = false): readonly string[] {
  const found = new Map<string, string>();
  for (const folder of folders) {
    for (const name of listSettings(root, folder, faults)) {
      // procps alone reads what is hidden.
      if (name.endsWith('.conf') && (hidden || !name.startsWith('.')) && !found.has(name))
        found.set(name, `${folder}/${name}`);
    }
  }
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
  for (const name of names.filter((one) => one.includes(REPLACED) && one.endsWith('.conf'))) {
    const source = root.locate(`${folder}/${name}`);
    if (!exists(source)) faults.push({ kind: 'io', source, detail: 'its name is not UTF-8' });
  }
  return names;
}

// In a tree that was captured or mounted elsewhere an absolute link would lead out of it.
function leadsToConf(root: Root, path: string): boolean {
  return path.endsWith(`/${SYSCTL_LINK}`) && CONF_TARGETS.test(linkTarget(root, path) ?? '');
}

// A file that is not there sets nothing, and neither does what is no file: a directory, a link to /dev/null, which is
// systemd's way to switch a file off. One that cannot be read may set anything.
function readSettingsFile(root: Root, path: string, faults: Fault[]): string {
  if (!exists(root.locate(path))) return '';
  const reading = root.read(path, SETTINGS_LIMIT, (text) => ({ ok: true, value: text }));
  if (reading.ok) return reading.value;
  const setsNothing = ['missing', 'not-regular'].includes(reading.fault.kind) || linkTarget(root, path) === '/dev/null';
  if (!setsNothing) faults.push(reading.fault);
  return '';
}

function linkTarget(root: Root, path: string): string | undefined {
  const target = files.readLink(root.locate(path));
  return typeof target === 'string' ? target : undefined;
}

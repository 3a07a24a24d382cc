// What the machine's files want of connection tracking: sysctl.d(5), sysctl.conf(5), modprobe.d(5). Only files that
// mention it are kept, so that a machine without such settings costs next to nothing.

import { files } from '#system/files';
import type { Configuration, ConfigurationFile, Fault } from '../facts.ts';
import { exists, systemFault } from './file.ts';
import type { Root } from './root.ts';

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
const SYSTEMD = ['/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const SYSCTL_CONF = '/etc/sysctl.conf';
/** The link by which systemd reads it at boot. */
const SYSCTL_LINK = '99-sysctl.conf';
const LIMIT = 1 << 20;
/** A sysctl that may stand for one of conntrack's without its name: net.netfilter.* and the like. */
const PATTERN = /^[ \t]*-?net[./](?:netfilter[./])?[^=\s./]*\*/;

export function readConfiguration(root: Root): Configuration {
  const faults: Fault[] = [];
  const read = (paths: readonly string[]) => paths.flatMap((path) => mentioning(root, path, faults));
  const folders = filesOf(root, SYSCTL_FOLDERS, faults);
  return {
    sysctl: [...read(folders.map((path) => throughLink(root, path))), ...sysctlConf(root, folders, faults)],
    modprobe: read(['/etc/modprobe.conf', ...filesOf(root, MODPROBE_FOLDERS, faults)]),
    commandLine: read(['/proc/cmdline']),
    faults,
  };
}

/** The `.conf` files of these folders in the order in which they are applied: by name. */
function filesOf(root: Root, folders: readonly string[], faults: Fault[]): readonly string[] {
  const found = new Map<string, string>();
  for (const folder of folders) {
    for (const name of list(root, folder, faults)) {
      if (name.endsWith('.conf') && !found.has(name)) found.set(name, `${folder}/${name}`);
    }
  }
  return Array.from(found.keys())
    .sort()
    .map((name) => found.get(name) ?? name);
}

function list(root: Root, folder: string, faults: Fault[]): readonly string[] {
  const path = root.locate(folder);
  if (!exists(path)) return [];
  const names = files.list(path);
  if (!('errno' in names)) return names;
  faults.push({ ...systemFault(names), source: path });
  return [];
}

// In a tree that was captured or mounted elsewhere an absolute link would lead out of it.
function throughLink(root: Root, path: string): string {
  return path.endsWith(`/${SYSCTL_LINK}`) && linkTarget(root, path) !== undefined ? SYSCTL_CONF : path;
}

// Read last by procps, by systemd through the link or not at all.
function sysctlConf(root: Root, folders: readonly string[], faults: Fault[]): readonly ConfigurationFile[] {
  if (folders.some((path) => path.endsWith(`/${SYSCTL_LINK}`))) return [];
  const found = mentioning(root, SYSCTL_CONF, faults);
  if (found.length === 0 || !runsSystemd(root)) return found;
  return found.map((file) => ({ ...file, atBoot: false }));
}

export function runsSystemd(root: Root): boolean {
  return SYSTEMD.some((path) => exists(root.locate(path)));
}

// A file that is not there sets nothing; one that cannot be read may set anything.
function mentioning(root: Root, path: string, faults: Fault[]): ConfigurationFile[] {
  if (!exists(root.locate(path))) return [];
  const reading = root.read(path, LIMIT, (text) => ({ ok: true, value: text }));
  // A link to /dev/null is systemd's way to switch a file off.
  if (!reading.ok && linkTarget(root, path) !== '/dev/null') faults.push(reading.fault);
  return reading.ok && mentionsConntrack(reading.value) ? [{ path, text: reading.value, atBoot: true }] : [];
}

function mentionsConntrack(text: string): boolean {
  return text.includes('conntrack') || (text.includes('*') && text.split('\n').some(isPattern));
}

function isPattern(line: string): boolean {
  return line.includes('*') && !line.startsWith('#') && PATTERN.test(line);
}

function linkTarget(root: Root, path: string): string | undefined {
  const target = files.readLink(root.locate(path));
  return typeof target === 'string' ? target : undefined;
}

// The settings of connection tracking in the machine's files: sysctl.d(5), sysctl.conf(5), modprobe.d(5), the kernel's
// command line. Only lines that mention it are kept, so that a machine without such settings costs next to nothing.

import type { Configuration, SysctlLine } from '../../model/configuration.ts';
import type { Fault } from '../../model/fault.ts';
import { GENERATIONS } from '../../model/generation.ts';
import { exists } from '../file.ts';
import { readNumber } from '../number.ts';
import type { Root } from '../root.ts';
import { parseCommands } from './commands.ts';
import { parseCommandLine, parseModprobeFile } from './module-options.ts';
import { readServices } from './services.ts';
import { parseSysctlFile } from './sysctl-file.ts';
import { isVisibleConf, linkTarget, settingsFiles, sysctlPaths, sysctlReader } from './sysctl-order.ts';

const MODPROBE_FOLDERS = [
  '/etc/modprobe.d',
  '/run/modprobe.d',
  '/usr/local/lib/modprobe.d',
  '/usr/lib/modprobe.d',
  '/lib/modprobe.d',
];
const MODPROBE_CONF = '/etc/modprobe.conf';
export const MODULE_OPTIONS = [MODPROBE_CONF, ...MODPROBE_FOLDERS];
const RC_LOCAL = ['/etc/rc.local', '/etc/rc.d/rc.local'];
const COMMAND_LINE = '/proc/cmdline';
/** Bytes of a file. One line may take as long as matching a pattern. */
const SETTINGS_LIMIT = 1 << 18;

export function readConfiguration(root: Root): Configuration {
  const faults: Fault[] = [];
  const text = (path: string) => readSettingsFile(root, path, faults);
  const reader = sysctlReader(root);
  const sysctl = sysctlPaths(root, reader, faults).flatMap(({ path, atBoot }) =>
    parseSysctlFile(text(path), path, atBoot, reader),
  );
  const paths = [MODPROBE_CONF, ...settingsFiles(root, MODPROBE_FOLDERS, faults, isVisibleConf)];
  const modprobe = paths.map((path) => parseModprobeFile(text(path), path));
  const boot = parseCommandLine(text(COMMAND_LINE), COMMAND_LINE);
  return {
    sysctl,
    reader,
    scripts: [
      ...modprobe.flatMap(({ commands }) => commands),
      ...RC_LOCAL.flatMap((path) => parseCommands(text(path), path)),
    ],
    services: readServices(root, text, sysctl, faults),
    hashsizes: [...modprobe.flatMap(({ hashsizes }) => hashsizes), ...boot],
    refusedOptions: modprobe.flatMap(({ refused }) => refused),
    reapplied: modprobe.some(({ reapplies }) => reapplies),
    aliases: aliasesIn(root, sysctl),
    hasTwoLimits: detectsTwoLimits(root, sysctl),
    faults,
  };
}

// Read only if the files set the key that OpenVZ alone has as a limit of its own.
function detectsTwoLimits(root: Root, sysctl: readonly SysctlLine[]): boolean {
  const [, second] = GENERATIONS.nf_conntrack.limitKeys;
  if (!sysctl.some(({ names }) => names.includes(second))) return false;
  const [own, machines] = GENERATIONS.nf_conntrack.limitFiles.map((path) => readNumber(root, path));
  return own?.ok === true && machines?.ok === true && own.value !== machines.value;
}

// Only keys in use are looked up in /proc/sys.
function aliasesIn(root: Root, sysctl: readonly SysctlLine[]): readonly string[] {
  const used = GENERATIONS.ip_conntrack.limitKeys.filter((key) => sysctl.some(({ names }) => names.includes(key)));
  return used.filter((key) => exists(root.locate(`/proc/sys/${key.replace(/\./g, '/')}`)));
}

// A missing file sets nothing; nor does a directory, or a link to /dev/null, by which systemd's files are switched off.
// A file that cannot be read may set anything.
function readSettingsFile(root: Root, path: string, faults: Fault[]): string {
  if (!exists(root.locate(path))) return '';
  const reading = root.read(path, SETTINGS_LIMIT, (text) => ({ ok: true, value: text }));
  if (reading.ok) return reading.value;
  const setsNothing = ['missing', 'not-regular'].includes(reading.fault.kind) || linkTarget(root, path) === '/dev/null';
  if (!setsNothing) faults.push(reading.fault);
  return '';
}

// The line that loads conntrack's module at boot: its own name, or that of a module that needs it.

import type { Generation } from '../../model/generation.ts';
import type { Root } from '../root.ts';
import { listEvidence, readEvidenceText } from './evidence-text.ts';

const LOAD_FOLDERS = [
  '/etc/modules-load.d',
  '/run/modules-load.d',
  '/usr/local/lib/modules-load.d',
  '/usr/lib/modules-load.d',
  '/lib/modules-load.d',
];
/** OpenWrt's directories, and Red Hat's before systemd. */
const OPENWRT_FOLDERS = ['/etc/modules.d', '/etc/modules-boot.d'];
const SCRIPTS_FOLDER = '/etc/sysconfig/modules';
const MODULES_FILE = '/etc/modules';

export const LOADER_PLACES = [MODULES_FILE, ...LOAD_FOLDERS, ...OPENWRT_FOLDERS, SCRIPTS_FOLDER];

/** Modules that have needed it in every kernel. */
const DEPENDENTS =
  /^(?:nf_conntrack_|nf_nat|nft_ct$|nft_nat$|nft_masq|nft_redir|xt_(?:conntrack|state|connlimit|connmark|connbytes|CT|MASQUERADE|NAT)$|ipt_MASQUERADE$|ip6?table_nat$|ip_vs|openvswitch$)/;
const KERNEL_NAME_LIMIT = 4096;

export interface Loader {
  readonly path: string;
  readonly module: string;
}

export function readLoader(root: Root, generation: Generation): Loader | undefined {
  const files = [
    MODULES_FILE,
    ...listEvidence(root, OPENWRT_FOLDERS, ''),
    ...listEvidence(root, [SCRIPTS_FOLDER], '.modules'),
  ];
  const loaders = [
    ...listEvidence(root, LOAD_FOLDERS, '.conf')
      .filter((path) => !path.includes('/.'))
      .flatMap((path) => namedIn(root, path, wholeLines)),
    ...files.flatMap((path) => namedIn(root, path, firstWords)),
  ];
  const own = loaders.find(({ module }) => module === generation);
  if (own !== undefined || loaders.length === 0 || generation !== 'nf_conntrack') return own;
  const dependents = readDependents(root);
  return loaders.find(({ module }) => (dependents === undefined ? DEPENDENTS.test(module) : dependents.has(module)));
}

function namedIn(root: Root, path: string, parse: (text: string) => readonly string[]): readonly Loader[] {
  const names = parse(readEvidenceText(root, path) ?? '').filter((name) => name !== '' && !/^[#;]/.test(name));
  return names.map((name) => ({ path, module: name.replace(/-/g, '_') }));
}

/** modules-load.d(5) has nothing but a name on a line. */
function wholeLines(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim());
}

/** The first word of each line, or the last word of a `modprobe` command. */
function firstWords(text: string): readonly string[] {
  return text.split('\n').map((line) => {
    const [first = '', ...rest] = line.trim().split(/\s+/);
    return /(?:^|\/)modprobe$/.test(first) ? (rest.pop() ?? '') : first;
  });
}

/** Reads lines of `modules.dep`: `kernel/net/ip_vs.ko: kernel/net/nf_conntrack.ko ...`. */
function readDependents(root: Root): ReadonlySet<string> | undefined {
  const release = root.read('/proc/sys/kernel/osrelease', KERNEL_NAME_LIMIT, (text) => ({
    ok: true,
    value: text.trim(),
  }));
  if (!release.ok || !/^[\w.+~-]+$/.test(release.value)) return undefined;
  const text = readEvidenceText(root, `/lib/modules/${release.value}/modules.dep`);
  if (text === undefined) return undefined;
  const lines = text.split('\n').filter((line) => line.includes('/nf_conntrack.ko', line.indexOf(':')));
  return new Set(lines.map((line) => (/([\w-]+)\.ko[^/]*:/.exec(line)?.[1] ?? '').replace(/-/g, '_')));
}

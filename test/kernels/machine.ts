// Boots a kernel under qemu with an initramfs: busybox, nft(8), conntrack(8), the standalone executable, and `init`, which
// tells step by step what came out.

import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { archive } from '../../.dev/kernels.mjs';
import { PLUGIN, TOP } from '../e2e/support/plugin.ts';

export interface Step {
  readonly status: number;
  readonly output: string;
}

export interface Machine {
  readonly release: string;
  /** By name, in the order of the script. */
  readonly steps: ReadonlyMap<string, Step>;
}

const KERNELS = join(TOP, '.cache/kernels');
const LIMIT_MILLISECONDS = 180_000;
// Ten ports for whoever sends to port 9.
const NAT =
  'table ip nat { chain post { type nat hook postrouting priority 100; udp dport 9 snat to 127.0.0.1:1000-1009; }; }';
const PROGRAMS = ['/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/setpriv', '/usr/bin/nsenter'];
const TRACK = 'table inet track { chain output { type filter hook output priority 0; ct state new accept; }; }';

/** What there is to boot, by the suite that it is of. */
export function kernels(): readonly string[] {
  return existsSync(KERNELS) ? readdirSync(KERNELS).filter((name) => !name.includes('.')) : [];
}

/** The part of the initramfs that is the same for each. */
export function baseArchive(folder: string): string {
  const tree = join(folder, 'tree');
  const place = (path: string) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    return join(tree, path);
  };
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'etc', 'var/lib', 'bin'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', place('bin/busybox'));
  execFileSync('chroot', [tree, '/bin/busybox', '--install', '-s', '/bin']);
  // The kernel starts /sbin/modprobe for what is asked of it.
  symlinkSync('bin', join(tree, 'sbin'));
  for (const program of PROGRAMS) {
    for (const file of [program, ...libraries(program)]) copyFileSync(file, place(file));
  }
  copyFileSync(PLUGIN, place('usr/lib/nagios/plugins/check_conntrack'));
  execFileSync('gcc', ['-O1', '-static', '-o', place('bin/traffic'), join(__dirname, 'traffic.c')]);
  copyFileSync(join(__dirname, 'init'), place('init'));
  chmodSync(join(tree, 'init'), 0o755);
  writeFileSync(place('etc/track.nft'), TRACK);
  writeFileSync(place('etc/nat.nft'), NAT);
  archive(tree, join(folder, 'base.cpio'));
  return join(folder, 'base.cpio');
}

function libraries(program: string): readonly string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return Array.from(listed.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path);
}

export async function boot(suite: string, base: string, folder: string): Promise<Machine> {
  const from = (name: string) => join(KERNELS, suite, name);
  const initramfs = join(folder, `${suite}.cpio`);
  writeFileSync(initramfs, Buffer.concat([readFileSync(base), readFileSync(from('modules.cpio'))]));
  const line = ['-accel', 'tcg', '-cpu', 'max', '-m', '512', '-display', 'none', '-serial', 'stdio', '-no-reboot'];
  const kernel = ['-kernel', from('vmlinuz'), '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1'];
  const output = await consoleOf([...line, ...kernel]);
  return { release: readFileSync(from('release'), 'utf8'), steps: stepsIn(output) };
}

function consoleOf(args: readonly string[]): Promise<string> {
  const child = spawn('qemu-system-x86_64', args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MILLISECONDS,
  });
  let output = '';
  child.stdout.setEncoding('latin1').on('data', (text) => {
    output += text;
  });
  return new Promise((resolve) => child.on('close', () => resolve(output)));
}

// A serial line ends in CR LF.
function stepsIn(output: string): ReadonlyMap<string, Step> {
  const found = output.replace(/\r/g, '').matchAll(/@@begin (\S+)\n([\s\S]*?)@@end \1 (\d+)\n/g);
  return new Map(
    Array.from(found, ([, name = '', text = '', status]) => [name, { status: Number(status), output: text }]),
  );
}
